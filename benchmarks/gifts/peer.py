"""The peer: az-iranian-bank-gateways used as its README tells, in one Django module.

Run by the peer's own interpreter (it is not installed beside us): gunicorn imports
``peer:application`` with PEER_DATABASE_URL, BANK_URL and the module search path set.
"""

# mypy: ignore-errors
# Its libraries stand in another virtual environment, where mypy cannot see them.

import os
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path, reverse
from django.views.decorators.csrf import csrf_exempt

_BANK = os.environ["BANK_URL"]
_DATABASE = urlsplit(os.environ["PEER_DATABASE_URL"])

settings.configure(
    SECRET_KEY="benchmark" * 8,
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.sessions", "azbankgateways"],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": _DATABASE.path[1:],
            "OPTIONS": {
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
                "transaction_mode": "IMMEDIATE",
                "timeout": 10,
            },
            "CONN_MAX_AGE": 60,
        }
        if _DATABASE.scheme == "sqlite"
        else {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _DATABASE.path[1:],
            "HOST": _DATABASE.hostname,
            "PORT": _DATABASE.port or 5432,
            "USER": _DATABASE.username,
            "PASSWORD": _DATABASE.password or "",
            "CONN_MAX_AGE": 60,
        }
    },
    AZ_IRANIAN_BANK_GATEWAYS={
        "GATEWAYS": {"MELLAT": {"TERMINAL_CODE": "7001", "USERNAME": "u", "PASSWORD": "p"}},
        "IS_SAMPLE_FORM_ENABLE": False,
        "DEFAULT": "MELLAT",
        "CURRENCY": "IRR",
        "TRACKING_CODE_QUERY_PARAM": "tc",
        "TRACKING_CODE_LENGTH": 16,
        "SETTING_VALUE_READER_CLASS": "azbankgateways.readers.DefaultReader",
        "BANK_PRIORITIES": ["MELLAT"],
    },
)
django.setup()

# Django has to be set up before its models are imported.
from azbankgateways import bankfactories, models  # noqa: E402
from azbankgateways.banks import mellat  # noqa: E402
from azbankgateways.urls import az_bank_gateways_urls  # noqa: E402


def _client(address, **options):
    """The library's own client, sent to the bank of this benchmark instead of the real host."""
    return _zeep_client(address.replace("https://bpm.shaparak.ir", _BANK), **options)


_zeep_client, mellat.Client = mellat.Client, _client


@csrf_exempt
def give(request):
    """Make a payment and send the donor to the bank, as the README's view does."""
    factory = bankfactories.BankFactory()
    bank = factory.create(models.BankType.MELLAT)
    bank.set_request(request)
    bank.set_amount(int(request.POST["amount"]))
    bank.set_client_callback_url(reverse("result"))
    bank.ready()
    return bank.redirect_gateway()


def result(request):
    """Look the payment up again and say how it stands, as the README's view does."""
    bank = models.Bank.objects.get(tracking_code=request.GET["tc"])
    return HttpResponse(f"<p>gift-is-{'paid' if bank.is_success else 'open'}</p>")


urlpatterns = [
    path("give", give),
    path("result/", result, name="result"),
    path("bankgateways/", az_bank_gateways_urls()),
]
application = get_wsgi_application()

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
