"""The OpenAI SDK's errors, translated once."""

import openai
import pytest

from chalicelib.providers.failures import ModelTruncated, ModelUnavailable
from chalicelib.providers.openai_client import read_text, translating


def test_it_names_an_error_of_the_sdk_that_it_does_not_know() -> None:
    with pytest.raises(ModelUnavailable, match=r"the call of m failed \(OpenAIError\)"), translating("m"):
        raise openai.OpenAIError("something new")


def test_it_leaves_a_failure_that_has_its_name() -> None:
    with pytest.raises(ModelTruncated), translating("m"):
        raise ModelTruncated("cut")


def test_it_does_not_hide_what_is_no_fault_of_the_vendor() -> None:
    with pytest.raises(MemoryError), translating("m"):
        raise MemoryError


def test_it_takes_nothing_but_text_for_text() -> None:
    assert (read_text("a"), read_text(None)) == ("a", "")
    with pytest.raises(ModelUnavailable, match=r"cannot be read \(TypeError\)"), translating("m"):
        read_text(["a"])
