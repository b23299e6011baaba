"""Settings: read from the environment and `.env` once, checked, and frozen."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from dotenv import dotenv_values

from kiaai import config_values as values
from kiaai.errors import SettingsError

ROOT = Path(__file__).resolve().parent.parent
META_BASE = "https://graph.facebook.com"
BROKER_SCHEMES = ("amqp", "amqps", "redis", "rediss", "redis+socket")
REDIS_SCHEMES = ("redis", "rediss", "redis+unix", "unix")

T = TypeVar("T")


@dataclass(frozen=True, repr=False)
class Settings:
    """Everything the product can be told from outside. Made by `Settings.from_environment`.

    `None` means: not set. Secrets never appear in `repr`.
    """

    database_url: str | None
    broker_url: str | None
    redis_url: str | None
    instance_path: Path
    secret_key: str
    host: str
    port: int
    public_url: str | None
    trusted_proxies: int
    whatsapp_api_token: str
    whatsapp_phone_number_id: str
    whatsapp_business_account_id: str
    whatsapp_app_secrets: tuple[str, ...]
    whatsapp_verify_token: str
    whatsapp_api_version: str
    whatsapp_api_base: str
    is_sandbox: bool
    llm_base_url: str | None
    llm_api_key: str | None
    llm_model: str | None
    llm_price_in: float
    llm_price_out: float
    llm_daily_tokens: int
    business_name: str
    business_timezone: str
    bot_enabled: bool
    bot_wait_seconds: float
    send_rate_per_second: float
    api_rate_limit: str
    webhooks_allow_private: bool
    admin_email: str | None
    admin_password: str | None
    log_level: str
    faults: str

    def __repr__(self) -> str:
        return f"Settings(instance_path={str(self.instance_path)!r}, is_sandbox={self.is_sandbox})"

    @property
    def is_https(self) -> bool:
        return bool(self.public_url and self.public_url.startswith("https://"))

    @property
    def sandbox_url(self) -> str:
        """Where the sandbox listens: the port after the web's own, loopback only."""
        return f"http://127.0.0.1:{self.port + 1}"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Read and check every setting; the environment wins over `.env`.

        Raises SettingsError naming the variable and what it accepts.
        """
        # The embedded servers know these settings, so they can be asked only now.
        from kiaai.embedded.running import running_port

        if environment is None:
            environment = os.environ
        dotenv_path = environment.get("KIAAI_ENV_FILE", str(ROOT / ".env"))
        if "KIAAI_ENV_FILE" in environment and not Path(dotenv_path).exists():
            raise SettingsError(f"KIAAI_ENV_FILE is {dotenv_path!r}, but there is no such file")
        from_file = {name: value for name, value in dotenv_values(dotenv_path).items() if value is not None}
        read = _Reader({**from_file, **environment})
        database_url = read.optional("DATABASE_URL", values.database_url)
        instance_path = Path(read.text("INSTANCE_PATH", "instance"))
        instance_path = instance_path if instance_path.is_absolute() else ROOT / instance_path
        secret_key = read.text("SECRET_KEY", "")
        if not secret_key and database_url:
            raise SettingsError(
                "SECRET_KEY is required when DATABASE_URL is set, so that all machines share it. "
                "Make one with: python3 -c 'import secrets; print(secrets.token_hex(32))'"
            )
        secret_key = secret_key or _kept_secret(instance_path)
        port = read.value("PORT", running_port(instance_path) or "8000", values.whole(1, 65534))
        token = read.text("WHATSAPP_API_TOKEN", "")
        app_secrets = tuple(s.strip() for s in read.text("WHATSAPP_APP_SECRET", "").split(",") if s.strip())
        number_id = read.optional("WHATSAPP_PHONE_NUMBER_ID", values.digits)
        _require_whole_whatsapp(token, app_secrets, number_id)
        return cls(
            database_url=database_url,
            broker_url=read.optional(
                "BROKER_URL", values.url("amqp", "amqps", "redis", "rediss", "redis+socket")
            ),
            redis_url=read.optional("REDIS_URL", values.url("redis", "rediss", "redis+unix", "unix")),
            instance_path=instance_path,
            secret_key=secret_key,
            host=read.text("HOST", "127.0.0.1"),
            port=port,
            public_url=read.optional("PUBLIC_URL", values.web_url),
            trusted_proxies=read.value("TRUSTED_PROXIES", "0", values.whole(0, 10)),
            whatsapp_api_token=token or _derived(secret_key, "sandbox token"),
            whatsapp_phone_number_id=number_id or _derived_digits(secret_key, "sandbox number"),
            whatsapp_business_account_id=read.optional("WHATSAPP_BUSINESS_ACCOUNT_ID", values.digits)
            or ("" if token else _derived_digits(secret_key, "sandbox account")),
            whatsapp_app_secrets=app_secrets or (_derived(secret_key, "sandbox app secret"),),
            whatsapp_verify_token=read.text("WHATSAPP_VERIFY_TOKEN", "")
            or _derived(secret_key, "verify token"),
            whatsapp_api_version=read.value("WHATSAPP_API_VERSION", "v25.0", values.graph_version),
            whatsapp_api_base=read.value(
                "WHATSAPP_API_BASE", META_BASE if token else f"http://127.0.0.1:{port + 1}", values.safe_base
            ),
            is_sandbox=not token,
            llm_base_url=read.optional("LLM_BASE_URL", values.safe_base),
            llm_api_key=read.optional("LLM_API_KEY", str),
            llm_model=read.optional("LLM_MODEL", str),
            llm_price_in=read.value("LLM_PRICE_IN", "0", values.number(0, 1_000_000)),
            llm_price_out=read.value("LLM_PRICE_OUT", "0", values.number(0, 1_000_000)),
            llm_daily_tokens=read.value("LLM_DAILY_TOKENS", "20000", values.whole(0, 100_000_000)),
            business_name=read.text("BUSINESS_NAME", "Kia-Ai"),
            business_timezone=read.value("BUSINESS_TIMEZONE", "America/Santiago", values.timezone),
            bot_enabled=read.value("BOT_ENABLED", "true", values.boolean),
            bot_wait_seconds=read.value("BOT_WAIT_SECONDS", "2", values.number(0, 60)),
            send_rate_per_second=read.value("SEND_RATE_PER_SECOND", "80", values.number(0.1, 1000)),
            api_rate_limit=read.value("API_RATE_LIMIT", "6000 per minute", values.rate_limit),
            webhooks_allow_private=read.value("WEBHOOKS_ALLOW_PRIVATE", "false", values.boolean),
            admin_email=read.optional("ADMIN_EMAIL", values.email),
            admin_password=read.optional("ADMIN_PASSWORD", str),
            log_level=read.value("LOG_LEVEL", "INFO", values.log_level),
            faults=read.text("KIAAI_FAULTS", ""),
        )


def environment_with(changes: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of this process with `changes` on top, for a process it starts."""
    return {**os.environ, **changes}


class _Reader:
    """Reads one variable at a time; an empty value counts as not set."""

    def __init__(self, texts: Mapping[str, str]):
        self._texts = texts

    def text(self, name: str, default: str) -> str:
        return self._texts.get(name, "").strip() or default

    def value(self, name: str, default: str, parse: Callable[[str], T]) -> T:
        raw = self.text(name, default)
        try:
            return parse(raw)
        except ValueError as error:
            raise SettingsError(f"{name} is {values.shown(name, raw)}, but {error}") from None

    def optional(self, name: str, parse: Callable[[str], T]) -> T | None:
        return self.value(name, "", parse) if self.text(name, "") else None


def _require_whole_whatsapp(token: str, app_secrets: tuple[str, ...], number_id: str | None) -> None:
    if token and not app_secrets:
        raise SettingsError(
            "WHATSAPP_APP_SECRET is required with WHATSAPP_API_TOKEN: without it anyone could post messages. "
            "It is in Meta's App Dashboard under App settings, Basic, App secret."
        )
    if token and not number_id:
        raise SettingsError(
            "WHATSAPP_PHONE_NUMBER_ID is required with WHATSAPP_API_TOKEN. "
            "It is in Meta's App Dashboard under WhatsApp, API Setup."
        )


def _kept_secret(instance_path: Path) -> str:
    """Return the secret key of this installation, made on the first start (mode 0600)."""
    path = instance_path / "secret_key"
    instance_path.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Two processes may start at once: each writes a file of its own, and the first link wins.
    if not path.exists():
        draft = instance_path / f"secret_key.{os.getpid()}.{secrets.token_hex(4)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def _derived(secret_key: str, purpose: str) -> str:
    """Return a secret of the sandbox. Derived, so that all processes agree with nothing to store."""
    return hmac.new(secret_key.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def _derived_digits(secret_key: str, purpose: str) -> str:
    return "2" + str(int(_derived(secret_key, purpose)[:14], 16)).zfill(17)[:14]
