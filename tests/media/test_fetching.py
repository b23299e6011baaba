"""Files come from WhatsApp once, whole, and as long as there is hope."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select, text

from kiaai.extensions import db
from kiaai.media import fetching, media_folder
from kiaai.media.fetching import fetch, seconds_until_retry
from kiaai.models import Attachment, Conversation
from kiaai.sandbox.server import SandboxServer
from kiaai.whatsapp.client import WhatsAppClient
from tests.media.conftest import PNG, Attach, Offer


def fetched(attachment_id: int, client: WhatsAppClient) -> Attachment:
    """Fetch, whenever it is due, and read the row again."""
    db.session.execute(text("UPDATE attachments SET next_try_at = clock_timestamp()"))
    db.session.commit()
    fetch(attachment_id, client)
    return db.session.get_one(Attachment, attachment_id)


def seconds_left(attachment_id: int) -> float:
    left = func.extract("epoch", Attachment.next_try_at - func.clock_timestamp())
    return float(db.session.scalars(select(left).where(Attachment.id == attachment_id)).one())


def test_it_keeps_the_bytes_and_shows_the_thread_anew(
    dana: Conversation, offer: Offer, attach: Attach, whatsapp: WhatsAppClient
) -> None:
    conversation_id, version, file = dana.id, dana.version, offer()

    attachment = fetched(attach(file.id, sha256=file.sha256), whatsapp)

    path = media_folder().find(attachment.path)
    assert path and path.read_bytes() == PNG
    assert (attachment.state, attachment.size_bytes, attachment.error) == ("stored", len(PNG), None)
    assert attachment.sha256 == file.sha256
    assert attachment.stored_at
    assert db.session.get_one(Conversation, conversation_id).version == version + 1


def test_it_stores_the_true_type(offer: Offer, attach: Attach, whatsapp: WhatsAppClient) -> None:
    liar = attach(offer(b"<svg onload='x'/>", "image/png").id, mime_type="image/png")
    voice = attach(offer(b"OggS" + bytes(90), "audio/ogg").id, mime_type="application/pdf")

    assert fetched(liar, whatsapp).mime_type == "application/octet-stream"
    assert fetched(voice, whatsapp).mime_type == "audio/ogg"


def test_a_wrong_checksum_is_noted_and_the_file_kept(
    offer: Offer, attach: Attach, whatsapp: WhatsAppClient
) -> None:
    file = offer()
    file.path.write_bytes(PNG + b"!")

    attachment = fetched(attach(file.id, sha256="0" * 64), whatsapp)

    assert attachment.state == "stored"
    assert attachment.error and "checksum" in attachment.error


def test_two_workers_do_not_fetch_the_same_file(
    offer: Offer, attach: Attach, whatsapp: WhatsAppClient
) -> None:
    attachment_id = attach(offer().id)
    claimed = fetching._claim(attachment_id)

    fetch(attachment_id, whatsapp)

    row = db.session.get_one(Attachment, attachment_id)
    assert (claimed is not None, row.state, row.tries) == (True, "waiting", 1)


def test_what_a_killed_worker_left_is_fetched_again(
    offer: Offer, attach: Attach, whatsapp: WhatsAppClient
) -> None:
    attachment_id = attach(offer().id)
    fetching._claim(attachment_id)
    folder = media_folder().root / "0"
    folder.mkdir(parents=True)
    (folder / f"{attachment_id}-0123.part").write_bytes(b"half")

    again = fetched(attachment_id, whatsapp)

    assert (again.state, again.tries) == ("stored", 2)
    assert [path.suffix for path in folder.iterdir()] == [""]


def test_a_worker_that_was_too_slow_changes_nothing(
    offer: Offer, attach: Attach, whatsapp: WhatsAppClient
) -> None:
    attachment_id = attach(offer().id)
    slow = fetching._claim(attachment_id)
    assert slow
    path = fetched(attachment_id, whatsapp).path

    fetching._keep(slow, media_folder().keep(slow.id, b"late"), {"path": "late"})

    assert db.session.get_one(Attachment, attachment_id).path == path
    assert len(list(media_folder().root.glob("*/*"))) == 1


@pytest.mark.parametrize("fault", [{"answer": "error", "status": 500}, {"answer": "html", "status": 502}])
def test_trouble_is_tried_again_and_the_waits_grow(
    meta: SandboxServer,
    offer: Offer,
    attach: Attach,
    whatsapp: WhatsAppClient,
    fault: dict[str, object],
) -> None:
    attachment_id, waits = attach(offer().id), []
    meta.faults.next(**fault, times=2, on="media")  # type: ignore[arg-type]  # a table of keyword arguments
    for _ in range(2):
        assert fetched(attachment_id, whatsapp).state == "waiting"
        waits.append(round(seconds_left(attachment_id)))

    assert waits == [5, 10]
    assert fetched(attachment_id, whatsapp).state == "stored"


def test_a_bad_token_never_gives_a_file_up(
    meta: SandboxServer, offer: Offer, attach: Attach, whatsapp: WhatsAppClient
) -> None:
    attachment_id = attach(offer().id)
    meta.faults.refuse_token = True
    for _ in range(6):
        assert fetched(attachment_id, whatsapp).state == "waiting"

    meta.faults.refuse_token = False

    assert fetched(attachment_id, whatsapp).state == "stored"


def test_a_closed_door_is_not_the_end_of_a_file(
    meta: SandboxServer, offer: Offer, attach: Attach, whatsapp: WhatsAppClient
) -> None:
    attachment_id = attach(offer().id)
    meta.faults.next("bare", status=403, times=5, on="any")
    for _ in range(5):
        assert fetched(attachment_id, whatsapp).state == "waiting"

    assert fetched(attachment_id, whatsapp).state == "stored"


def test_a_file_that_is_gone_expires_and_says_so(attach: Attach, whatsapp: WhatsAppClient) -> None:
    attachment_id = attach("400000000000404")
    for _ in range(fetching.BELIEVED_TRIES):
        attachment = fetched(attachment_id, whatsapp)

    assert (attachment.state, attachment.error) == ("expired", "WhatsApp no longer has this file.")


def test_after_seven_days_it_is_tried_one_last_time(
    meta: SandboxServer, offer: Offer, attach: Attach, whatsapp: WhatsAppClient
) -> None:
    attachment_id = attach(offer().id)
    db.session.execute(text("UPDATE attachments SET created_at = created_at - interval '8 days'"))
    meta.faults.next("error", status=503, on="media")

    assert fetched(attachment_id, whatsapp).state == "expired"


def test_a_message_without_a_file_is_refused(attach: Attach, whatsapp: WhatsAppClient) -> None:
    attachment = fetched(attach(None), whatsapp)

    assert (attachment.state, attachment.tries) == ("refused", 1)


def test_a_file_over_the_limit_is_refused(
    offer: Offer, attach: Attach, whatsapp: WhatsAppClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "LARGEST_FILE_BYTES", len(PNG) - 1)

    attachment = fetched(attach(offer().id), whatsapp)

    assert (attachment.state, attachment.error) == ("refused", "The file is larger than 100 MB.")
    assert list(media_folder().root.glob("*/*")) == []


def test_a_full_disk_keeps_the_file_waiting_and_says_why(
    offer: Offer, attach: Attach, whatsapp: WhatsAppClient
) -> None:
    attachment_id = attach(offer(PNG * 64).id)

    with files_no_larger_than(4096):
        attachment = fetched(attachment_id, whatsapp)

    assert attachment.state == "waiting"
    assert attachment.error and attachment.error.startswith("The server has no room for files")
    assert list(media_folder().root.glob("*/*")) == []
    assert fetched(attachment_id, whatsapp).state == "stored"


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_waits_double_to_an_hour() -> None:
    assert [seconds_until_retry(tries) for tries in (1, 2, 3, 11, 500)] == [5, 10, 20, 3600, 3600]


def test_no_transaction_is_open_while_it_waits_for_whatsapp(
    offer: Offer, attach: Attach, whatsapp: WhatsAppClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_while_asked = []
    look_up = whatsapp.look_up_media

    def spy(media_id: str) -> object:
        open_while_asked.append(db.session.registry.has())
        return look_up(media_id)

    monkeypatch.setattr(whatsapp, "look_up_media", spy)
    fetched(attach(offer().id), whatsapp)

    assert open_while_asked == [False]
