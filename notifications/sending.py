"""Senders: a file for trying out, a mail server, an SMS provider; and the delivery of one message.

A message may reach somebody twice when a worker dies between sending and marking it, never not at
all; its id goes with it, so that a provider can recognise the second one.
"""

import json
import os
import smtplib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import requests
from sqlalchemy import update

from core.database import Database
from notifications.outbox import Channel, Message

_TIMEOUT_SECONDS = (5, 20)  # to connect, to answer


class SendingFailed(Exception):
    """The message did not go out this time. Says how, without addresses and secrets."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message as a sender sees it; ``key`` is the same each time it is tried."""

    key: str
    channel: Channel
    recipient: str
    text: str


class Sender(Protocol):
    """A way out. Sending may be repeated with the same key."""

    def send(self, message: Outgoing) -> None:
        """Hand the message over. Raises SendingFailed."""


class FileSender:
    """Writes messages as JSON lines, one file a channel: for trying out, and without a provider."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: Outgoing) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        told = {"key": message.key, "to": message.recipient, "text": message.text}
        line = json.dumps(told, ensure_ascii=False) + "\n"
        file = os.open(
            self._folder / f"{message.channel}.jsonl",
            os.O_WRONLY | os.O_APPEND | os.O_CREAT,
            0o600,  # it holds telephone numbers
        )
        try:
            os.write(file, line.encode())  # one write, so that two workers never mix their lines
        finally:
            os.close(file)


class SmsSender:
    """An SMS provider that takes ``{id, to, text}`` as JSON by POST and answers with 2xx."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, message: Outgoing) -> None:
        told = {"id": message.key, "to": message.recipient, "text": message.text}
        try:
            answer = requests.post(
                self._url, json=told, timeout=_TIMEOUT_SECONDS, allow_redirects=False
            )
        except requests.RequestException as error:
            # Its text would repeat the address, which may carry the provider's key.
            raise SendingFailed(type(error).__name__) from None
        if not 200 <= answer.status_code < 300:
            raise SendingFailed(f"the SMS provider answered {answer.status_code}")


class SmtpSender:
    """A mail server: ``smtp://user:password@host:port`` (encrypted if offered) or ``smtps://…``."""

    def __init__(self, url: str, *, sender_address: str) -> None:
        self._parts = urlsplit(url)
        self._sender_address = sender_address

    def send(self, message: Outgoing) -> None:
        try:
            with self._connected() as server:
                server.send_message(self._mail(message))
        except (OSError, smtplib.SMTPException) as error:
            raise SendingFailed(type(error).__name__) from None

    def _connected(self) -> smtplib.SMTP:
        host, timeout = self._parts.hostname or "", _TIMEOUT_SECONDS[1]
        if self._parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, self._parts.port or 465, timeout=timeout)
        else:
            server = smtplib.SMTP(host, self._parts.port or 587, timeout=timeout)
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls()
        if self._parts.username:
            server.login(unquote(self._parts.username), unquote(self._parts.password or ""))
        return server

    def _mail(self, message: Outgoing) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = self._sender_address
        mail["To"] = message.recipient
        mail["Subject"] = message.text.partition("\n")[0]
        mail["Message-ID"] = f"<{message.key}@{self._sender_address.partition('@')[2]}>"
        mail.set_content(message.text)
        return mail


def choose_senders(
    *, sms_url: str | None, smtp_url: str | None, folder: Path, public_host: str
) -> Mapping[Channel, Sender]:
    """The way out for each channel; a file in ``folder`` where no provider is set."""
    file = FileSender(folder)
    return {
        Channel.SMS: SmsSender(sms_url) if sms_url else file,
        Channel.EMAIL: (
            SmtpSender(smtp_url, sender_address=f"mosharekat@{public_host}") if smtp_url else file
        ),
    }


def deliver(
    database: Database,
    senders: Mapping[Channel, Sender],
    message_id: int,
    *,
    clock: Callable[[], datetime],
) -> None:
    """Send one message of the outbox and mark it, unless it was sent. Raises SendingFailed."""
    with database.reading() as session:
        message = session.get_one(Message, message_id)
    if message.sent_at is not None:
        return
    senders[message.channel].send(
        Outgoing(f"message-{message.id}", message.channel, message.recipient, message.text)
    )
    with database.writing() as session:
        session.execute(update(Message).where(Message.id == message_id).values(sent_at=clock()))
