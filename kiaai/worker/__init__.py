"""The processes behind the web: doorbells, tasks, pools and the sweep."""

from flask import Flask

from kiaai.config import Settings


def init_app(app: Flask, settings: Settings) -> None:
    """Configure Celery as a carrier of doorbells, and give the app its WhatsApp client."""
    from kiaai import embedded
    from kiaai.extensions import celery
    from kiaai.whatsapp.client import WhatsAppClient

    celery.conf.update(
        broker_url=embedded.broker_url(settings),
        broker_connection_max_retries=None,
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=2,
        broker_transport_options={"socket_timeout": 5, "socket_connect_timeout": 2, "max_retries": 0},
        task_ignore_result=True,
        task_default_delivery_mode="transient",
        task_default_queue="doorbells",
        task_publish_retry=False,
        task_acks_late=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_prefetch_multiplier=100,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        enable_utc=True,
    )
    app.extensions["whatsapp"] = WhatsAppClient(
        settings.whatsapp_api_base,
        settings.whatsapp_api_version,
        settings.whatsapp_api_token,
        settings.whatsapp_phone_number_id,
        is_sandbox=settings.is_sandbox,
        business_account_id=settings.whatsapp_business_account_id,
    )
