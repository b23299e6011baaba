"""pywa's Flask server, as its documentation sets it up, with a handler that does nothing."""

from flask import Flask
from pywa import WhatsApp, types

from bench.stage import PHONE_NUMBER_ID, SECRET

app = Flask(__name__)
whatsapp = WhatsApp(
    phone_id=PHONE_NUMBER_ID,
    token="only-for-measuring",
    server=app,
    webhook_endpoint="/webhook",
    verify_token="only-for-measuring",
    app_secret=SECRET,
)


@whatsapp.on_message
def take(_client: WhatsApp, _message: types.Message) -> None:
    """Do nothing with it."""
