"""The extensions, made once and bound to the app by the factory."""

from celery import Celery
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_migrate import Migrate
from flask_security import Security
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from kiaai.models import Base

# Savepoints let tests run inside one outer transaction that is rolled back; without one nothing changes.
db = SQLAlchemy(metadata=Base.metadata, session_options={"join_transaction_mode": "create_savepoint"})
migrate = Migrate()
security = Security()
csrf = CSRFProtect()
limiter = Limiter(get_remote_address, in_memory_fallback_enabled=True, swallow_errors=True)
celery = Celery("kiaai")
