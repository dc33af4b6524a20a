"""Versions as tests want them: published here, without the compiler function."""

from chalicelib.access.principal import Principal
from chalicelib.store.workflow_records import Version
from chalicelib.workflows import publish as publishing
from chalicelib.workflows.publish import Wish


def publish(principal: Principal, workflow_id: str, *, text: str | None = None) -> Version:
    """The version that the text, or the draft, is now."""
    return publishing.publish(principal, workflow_id, Wish(text=text)).version
