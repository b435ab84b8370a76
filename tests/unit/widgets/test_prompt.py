"""The text that a browser sends from the prompt: set, not sent back, and generated where Ctrl+Enter was pressed."""

from __future__ import annotations

import pytest

from qwave_jupyter import i18n
from qwave_jupyter.widgets.panel.prompt import EarlierPrompts, PromptControls, PromptField
from qwave_jupyter.widgets.panel.sent_values import SentValues


@pytest.fixture
def sender(monkeypatch):
    field = PromptField("a pier")
    generated, sent = [], []
    made = PromptControls(field, generated.append, lambda *_: None, EarlierPrompts, SentValues())
    monkeypatch.setattr(field, "send_state", lambda key=None: sent.append(key))

    def receive(message):
        made.comm.handle_msg({"content": {"data": {"method": "custom", "content": message}}, "buffers": []})

    made.generated, made.sent, made.field, made.deliver = generated, sent, field, receive
    yield made
    made.close_all()
    field.close()


@pytest.mark.parametrize("text", ["a barn", "", "灯塔\nat dusk", "a pier"])
def test_generate_uses_the_sent_text(sender, text):
    sender.deliver({"generate": text})
    assert sender.generated == [text]
    # Sent back, it would replace what is typed meanwhile.
    assert sender.sent == []


@pytest.mark.parametrize("text", ["a barn", "", "灯塔\nat dusk"])
def test_prompt_is_set_and_not_generated(sender, text):
    sender.deliver({"prompt": text})
    assert (sender.field.value, sender.generated, sender.sent) == (text, [], [])


@pytest.mark.parametrize("message", [{}, {"generate": None}, {"generate": 3}, {"prompt": ["a"]}, {"generate": {}}])
def test_other_messages_are_ignored(sender, message):
    sender.deliver(message)
    assert (sender.field.value, sender.generated) == ("a pier", [])


def test_text_set_by_python_is_sent(sender):
    sender.deliver({"prompt": "a barn"})
    sender.field.value = "a mill"
    assert sender.sent == ["value"]


def test_field_has_a_label(sender):
    assert sender.field.description == "Prompt"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_placeholder_shows_both_braces(language):
    i18n.use(language)
    try:
        assert "{{name}}" in PromptField("").placeholder
    finally:
        i18n.use(None)
