"""The senders, by one contract; and that a message of the outbox goes out once."""

import email
import json
from email import policy

import pytest

from notifications.outbox import Channel, Message
from notifications.sending import (
    FileSender,
    Outgoing,
    SendingFailed,
    SmsSender,
    SmtpSender,
    choose_senders,
    deliver,
)
from tests.factories import NOON
from tests.notifications.providers import mail_server, sms_provider

SMS = Outgoing("message-7", Channel.SMS, "09121234567", "مشارکت شما ثبت شد.\n4012345678905")
MAIL = Outgoing("message-8", Channel.EMAIL, "maryam@example.ir", "مشارکت شما ثبت شد.\nسپاس")


def a_message(database):
    with database.writing() as session:
        message = Message(
            channel=Channel.SMS,
            recipient=SMS.recipient,
            wording="pledge_made",
            subject="pledge",
            subject_id=1,
            text=SMS.text,
            created_at=NOON,
        )
        session.add(message)
        session.flush()
        return message.id


def test_the_sms_provider_gets_number_text_and_a_key_to_recognise_repeats():
    with sms_provider() as (url, sent):
        SmsSender(url).send(SMS)

    assert sent == [{"id": SMS.key, "to": SMS.recipient, "text": SMS.text}]


def test_a_mail_has_its_first_line_as_title_and_an_id_to_recognise_repeats():
    with mail_server() as (url, sent):
        SmtpSender(url, sender_address="mosharekat@example.ir").send(MAIL)

    (mail,) = (email.message_from_bytes(raw, policy=policy.default) for raw in sent)
    assert mail["Subject"] == "مشارکت شما ثبت شد."
    assert (mail["To"], mail["Message-ID"]) == (MAIL.recipient, "<message-8@example.ir>")
    assert mail.get_content().strip() == MAIL.text


def test_a_message_to_a_file_is_one_line_of_json(tmp_path):
    sender = FileSender(tmp_path / "outbox")
    sender.send(SMS)
    sender.send(SMS)

    lines = (tmp_path / "outbox" / "sms.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["to"] for line in lines] == [SMS.recipient] * 2
    assert json.loads(lines[0])["text"] == SMS.text


NOWHERE = {
    "no SMS provider": lambda: SmsSender("http://127.0.0.1:9/send?key=secret").send(SMS),
    "no mail server": lambda: SmtpSender(
        "smtp://user:secret@127.0.0.1:9", sender_address="a@b.ir"
    ).send(MAIL),
}


@pytest.mark.parametrize("name", NOWHERE)
def test_a_sender_that_reaches_nobody_says_so_without_its_secrets(name):
    with pytest.raises(SendingFailed) as trouble:
        NOWHERE[name]()

    assert "secret" not in str(trouble.value)
    assert trouble.value.__cause__ is None


@pytest.mark.parametrize("status", [302, 400, 500])
def test_whatever_is_no_success_of_the_provider_is_a_failure(status):
    with sms_provider(status) as (url, _sent), pytest.raises(SendingFailed):
        SmsSender(url).send(SMS)


def test_a_mail_that_the_server_refuses_is_a_failure():
    sender_address = "mosharekat@example.ir"
    with mail_server("550 no such mailbox") as (url, _sent), pytest.raises(SendingFailed):
        SmtpSender(url, sender_address=sender_address).send(MAIL)


def test_a_message_goes_out_once(database):
    message_id = a_message(database)
    with sms_provider() as (url, sent):
        for _time in range(2):
            deliver(database, {Channel.SMS: SmsSender(url)}, message_id, clock=lambda: NOON)

    assert len(sent) == 1
    with database.reading() as session:
        assert session.get_one(Message, message_id).sent_at == NOON


def test_a_message_that_did_not_go_out_waits_for_the_next_try(database):
    message_id = a_message(database)
    with sms_provider(500) as (url, _sent), pytest.raises(SendingFailed):
        deliver(database, {Channel.SMS: SmsSender(url)}, message_id, clock=lambda: NOON)

    with database.reading() as session:
        assert session.get_one(Message, message_id).sent_at is None


@pytest.mark.parametrize(
    ("sms_url", "smtp_url", "kinds"),
    [
        (None, None, (FileSender, FileSender)),
        ("https://sms.example.ir", None, (SmsSender, FileSender)),
        (None, "smtp://mail.example.ir", (FileSender, SmtpSender)),
    ],
)
def test_what_is_set_decides_the_way_out(tmp_path, sms_url, smtp_url, kinds):
    senders = choose_senders(
        sms_url=sms_url, smtp_url=smtp_url, folder=tmp_path, public_host="example.ir"
    )

    assert tuple(type(senders[channel]) for channel in (Channel.SMS, Channel.EMAIL)) == kinds
