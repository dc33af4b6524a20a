"""The OpenAI SDK's errors, translated once."""

import openai
import pytest

from chalicelib.providers.failures import ModelTruncated, ModelUnavailable
from chalicelib.providers.openai_client import translating


def test_it_names_an_error_of_the_sdk_that_it_does_not_know() -> None:
    with pytest.raises(ModelUnavailable, match=r"the call of m failed \(OpenAIError\)"), translating("m"):
        raise openai.OpenAIError("something new")


def test_it_leaves_a_failure_that_has_its_name() -> None:
    with pytest.raises(ModelTruncated), translating("m"):
        raise ModelTruncated("cut")


def test_it_does_not_hide_what_is_no_fault_of_the_vendor() -> None:
    with pytest.raises(MemoryError), translating("m"):
        raise MemoryError
