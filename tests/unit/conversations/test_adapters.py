"""Of a channel's record and its secrets an adapter is made, type by type."""

from chalicelib.channels.instagram import LOGIN_ADDRESS
from chalicelib.channels.meta_channel import MetaChannel
from chalicelib.channels.whatsapp import WhatsAppChannel
from chalicelib.conversations.adapters import Means, adapter_of
from chalicelib.store.channel_records import ChannelRecord
from tests.factories.channel_stories import SECRET, call

RECORD = ChannelRecord(
    id="chan_1", organisation_id="org_local", type="whatsapp", name="support", account="1", created_at="", created_by="", updated_at="", updated_by=""
)


def test_it_makes_whatsapps_of_its_record_and_settings() -> None:
    chosen = RECORD.model_copy(update={"settings": {"version": "v26.0", "list_button": "Auswahl", "base_url": "https://elsewhere.example", "x": 1}})
    plain, made = (adapter_of(record, Means((SECRET,), "token")) for record in (RECORD, chosen))
    assert isinstance(plain, WhatsAppChannel)
    assert isinstance(made, WhatsAppChannel)
    assert (made._config.number_id, made._config.version, made._config.list_button) == ("1", "v26.0", "Auswahl")
    assert made._config.base_url == plain._config.base_url  # where the token goes is no setting of a channel's
    assert made.verify(call())


def test_it_makes_messengers_and_instagrams_and_knows_by_which_login() -> None:
    page = RECORD.model_copy(update={"type": "messenger", "settings": {"app_id": "9"}})
    by_page = RECORD.model_copy(update={"type": "instagram", "settings": {"page_id": "7"}})
    by_itself = RECORD.model_copy(update={"type": "instagram"})
    found = [adapter_of(record, Means((SECRET,), "token")) for record in (page, by_page, by_itself)]
    accounts = [each._account for each in found if isinstance(each, MetaChannel)]
    assert [each.name for each in found] == ["messenger", "instagram", "instagram"]
    known = [(each.sender_id, each.base_url == LOGIN_ADDRESS, each.app_id) for each in accounts]
    assert known == [("1", False, "9"), ("7", False, ""), ("1", True, "")]
    assert all(each.verify(call()) for each in found)


def test_it_shows_no_secret_of_its_means() -> None:
    assert "token" not in repr(Means((SECRET,), "a-token")).replace("access_token", "")
    assert SECRET not in repr(Means((SECRET,), "a-token"))
