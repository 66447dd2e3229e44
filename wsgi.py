"""Settings in, application out: what a web server and the ``flask`` command start from."""

from core.logging import start_logging
from core.settings import read_settings
from web.app import create_app

_settings = read_settings()
start_logging(_settings.log_level)
app = create_app(_settings)
