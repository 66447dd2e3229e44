"""The statements of a year for all donors, in files of a thousand; what is there is not made again.

A plan is written first: which donors stand in which file, and up to which receipt the year is
told. Each file then appears whole under its name or not at all, so whoever was interrupted goes on
with the first file that is missing, and the same plan gives the same files.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from core.database import Database
from core.refusals import Refusal
from donations.merging import donors_of_person, person_of
from donations.models.contribution import Contribution
from donations.models.donor import DonorIdentity, DonorMerge, DonorMergeUndo
from donations.models.pledge import Pledge
from receipts.documents.annual import annual_document
from receipts.life.series import Receipt, ReceiptSeries, ReceiptVoid
from receipts.pdf.document import Document
from receipts.pdf.writing import BATCH_LIMIT, write_batch
from receipts.public.annual_facts import annual_facts

PLAN, SUMS = "plan.json", "SHA256SUMS"
_FETCHED_AT_ONCE = 1_000
_PERSON = person_of(Pledge.donor_id)  # donors that were merged have one statement


class OtherStatements(Refusal):
    """The folder holds statements of another year, or something that is none."""

    code = "annual.other_statements"


class MergedSince(Refusal):
    """Donors were merged, or parted, since the plan was written: it would tell of some twice."""

    code = "annual.merged_since"


class NobodyGave(Refusal):
    """No receipt of this year stands for a donor who told a name or an address."""

    code = "annual.nobody_gave"


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file: so many statements in one language, for donors ``first_id`` to ``last_id``."""

    name: str
    number: int  # among those of its language, from 1
    language: str
    first_id: int
    last_id: int
    statements: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a year's statements tell and how they are split; written down before the first."""

    year: int  # Jalali
    made_on: date  # the day in Tehran that stands on each of them
    last_receipt_id: int
    last_void_id: int
    merges: int  # of donors, and undone ones: with others, files would tell of somebody twice
    files: tuple[PlannedFile, ...]

    @property
    def statements(self) -> int:
        """How many there are in all."""
        return sum(file.statements for file in self.files)


@dataclass(frozen=True, slots=True)
class Finished:
    """One file that lies there whole."""

    file: PlannedFile
    sha256: str
    size_bytes: int
    is_new: bool


def planned(
    database: Database, folder: Path, *, year: int, today: date, per_file: int = BATCH_LIMIT
) -> Plan:
    """The plan in a folder, made now where there is none. Raises OtherStatements, NobodyGave."""
    path = folder / PLAN
    if not path.exists():
        with database.reading() as session:
            plan = _plan(session, year, today, per_file)
        folder.mkdir(parents=True, exist_ok=True)
        _put(path, json.dumps(asdict(plan), default=date.isoformat, indent=1).encode())
    plan = _read(path)
    if plan.year != year:
        raise OtherStatements(year=plan.year)
    return plan


def write_statements(database: Database, folder: Path, plan: Plan) -> Iterator[Finished]:
    """Write every file of a plan that is missing, and tell each one as it is whole.

    One statement at a time is in memory. At the end ``SHA256SUMS`` lists them all. Raises
    MergedSince.
    """
    sums = []
    for file in plan.files:
        path = folder / file.name
        is_new = not path.exists()
        if is_new:
            _write_file(database, path, plan, file)
        sums.append(f"{_sha256(path)}  {file.name}\n")
        yield Finished(file, sums[-1][:64], path.stat().st_size, is_new)
    _put(folder / SUMS, "".join(sums).encode())


def years_of(session: Session, donor_id: int | None) -> list[int]:
    """The Jalali years of a person's receipts that stand, latest first."""
    if donor_id is None:
        return []
    standing = (
        select(ReceiptSeries.year)
        .join(Receipt, Receipt.series_id == ReceiptSeries.id)
        .join(Contribution, Contribution.id == Receipt.contribution_id)
        .join(Pledge, Pledge.id == Contribution.pledge_id)
        .outerjoin(ReceiptVoid, ReceiptVoid.receipt_id == Receipt.id)
        .where(Pledge.donor_id.in_(donors_of_person(session, donor_id)), ReceiptVoid.id.is_(None))
        .distinct()
        .order_by(ReceiptSeries.year.desc())
    )
    return list(session.scalars(standing))


def _plan(session: Session, year: int, today: date, per_file: int) -> Plan:
    last_receipt_id, last_void_id = (
        session.scalars(select(func.max(model.id))).one() or 0 for model in (Receipt, ReceiptVoid)
    )
    plan = Plan(year, today, last_receipt_id, last_void_id, _merges(session), ())
    files: list[PlannedFile] = []
    for donor in session.execute(_donors(plan).execution_options(yield_per=_FETCHED_AT_ONCE)):
        _add(files, year, donor, per_file)
    if not files:
        raise NobodyGave(year=year)
    return replace(plan, files=tuple(files))


def _donors(plan: Plan, *only: ColumnElement[bool]) -> Select[int, str]:
    """Donors of whom a receipt stood when it was planned, with the language of the latest gift."""
    given = (
        select(_PERSON.label("donor_id"), func.max(Pledge.id).label("pledge_id"))
        .join(Contribution, Contribution.pledge_id == Pledge.id)
        .join(Receipt, Receipt.contribution_id == Contribution.id)
        .join(ReceiptSeries, ReceiptSeries.id == Receipt.series_id)
        .outerjoin(ReceiptVoid, ReceiptVoid.receipt_id == Receipt.id)
        .where(
            ReceiptSeries.year == plan.year,
            Receipt.id <= plan.last_receipt_id,
            or_(ReceiptVoid.id.is_(None), ReceiptVoid.id > plan.last_void_id),
            Pledge.donor_id.is_not(None),
            *only,
        )
        .group_by(_PERSON)
        .subquery()
    )
    return (
        select(given.c.donor_id, Pledge.language)
        .join(Pledge, Pledge.id == given.c.pledge_id)
        .order_by(Pledge.language, given.c.donor_id)
    )


def _add(files: list[PlannedFile], year: int, donor: Row[int, str], per_file: int) -> None:
    """Let a donor stand in the last file, or begin another one."""
    donor_id, language = donor
    last = files[-1] if files else None
    if last and last.language == language and last.statements < per_file:
        grown = replace(last, last_id=donor_id, statements=last.statements + 1)
        files[-1] = grown
        return
    number = last.number + 1 if last and last.language == language else 1
    name = f"{year}-{language}-{number:04d}.pdf"
    files.append(PlannedFile(name, number, language, donor_id, donor_id, 1))


def _write_file(database: Database, path: Path, plan: Plan, file: PlannedFile) -> None:
    fresh = _fresh(path)
    with _without_remains(fresh), fresh.open("xb") as out, database.reading() as session:
        if _merges(session) != plan.merges:
            raise MergedSince
        write_batch(_documents(session, plan, file), out)
        out.flush()
        os.fsync(out.fileno())
        fresh.replace(path)


def _documents(session: Session, plan: Plan, file: PlannedFile) -> Iterator[Document]:
    """The statements of one file, one after the other."""
    donors = session.execute(_donors(plan, _within(file))).all()
    for donor_id in (id_ for id_, language in donors if language == file.language):
        facts = annual_facts(
            session, donor_id, plan.year, language=file.language, made_on=plan.made_on
        )
        yield annual_document(facts)
        session.expunge_all()


def _within(file: PlannedFile) -> ColumnElement[bool]:
    """Pledges of the persons of one file; the first half alone could not be looked up."""
    merged = select(DonorIdentity.donor_id).where(
        DonorIdentity.stands_for_id.between(file.first_id, file.last_id)
    )
    own = Pledge.donor_id.between(file.first_id, file.last_id)
    return and_(_PERSON.between(file.first_id, file.last_id), or_(own, Pledge.donor_id.in_(merged)))


def _merges(session: Session) -> int:
    """How many merges of donors and undone ones there are: they only grow."""
    return sum(
        session.scalars(select(func.count()).select_from(model)).one()
        for model in (DonorMerge, DonorMergeUndo)
    )


def _read(path: Path) -> Plan:
    """A plan that was written down. Raises OtherStatements for what is none."""
    try:
        told = json.loads(path.read_bytes())
        files = tuple(PlannedFile(**file) for file in told.pop("files"))
        made_on = date.fromisoformat(told.pop("made_on"))
        return Plan(made_on=made_on, files=files, **told)
    except (ValueError, TypeError, KeyError) as trouble:
        raise OtherStatements(folder=str(path.parent)) from trouble


def _put(path: Path, content: bytes) -> None:
    """Write a small file, whole or not at all."""
    fresh = _fresh(path)
    with _without_remains(fresh):
        with fresh.open("xb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(path)


def _fresh(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}")


@contextmanager
def _without_remains(fresh: Path) -> Iterator[None]:
    """Leave nothing half-written behind; a killed process leaves a name that nobody reads."""
    try:
        yield
    finally:
        fresh.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
