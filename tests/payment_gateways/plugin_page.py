"""The finance page of adapters as a program sees it that began with other packages installed.

python -m tests.payment_gateways.plugin_page DATABASE_URL INSTANCE_DIR LANGUAGE
"""

import sys
from pathlib import Path

from core.settings import Settings
from offices.staff import Role
from tests.staff import at_work
from web.app import create_app, open_services


def main() -> None:
    """Print the page as HTML."""
    url, folder, language = sys.argv[1:]
    settings = Settings(instance_dir=Path(folder), database_url=url)
    services = open_services(settings)
    app = create_app(settings, services)
    person = at_work(app, services.database, Role.FINANCE, office="00", username=f"f.{language}")
    answer = person.http.get(f"/finance/gateways/adapters?language={language}")
    sys.stdout.buffer.write(answer.data)


if __name__ == "__main__":
    main()
