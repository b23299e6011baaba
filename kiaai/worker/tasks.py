"""What the broker can ask for: to put an id into a pool. The work itself runs in the pools."""

from kiaai.extensions import celery
from kiaai.worker.doorbells import Bell
from kiaai.worker.floor import floor


@celery.task(name="kiaai.ring", ignore_result=True)
def ring(kind: str, id: int) -> None:
    floor().answer(Bell(kind, id))
