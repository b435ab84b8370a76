"""The OpenAI-compatible endpoints: forms with files, and fields of the wrong type."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image

from tests.unit.demo.demo_app import Demo

BOUNDARY = "b0undary"


def png(side=8):
    target = io.BytesIO()
    Image.new("RGBA", (side, side), "red").save(target, "PNG")
    return target.getvalue()


def form(*parts):
    lines = b""
    for name, content in parts:
        file = '; filename="a.png"' if isinstance(content, bytes) else ""
        data = content if isinstance(content, bytes) else content.encode()
        lines += (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + data + b"\r\n"
        )
    return lines + f"--{BOUNDARY}--\r\n".encode()


def edit(*parts, boundary=BOUNDARY, path="/v1/images/edits", body=None):
    demo = Demo()
    answer = demo.ask(
        "POST", path, form(*parts) if body is None else body, content_type=f"multipart/form-data; boundary={boundary}"
    )
    return demo, answer.status, json.loads(answer.body)


FIELDS = (("model", "gpt-image-2"), ("prompt", "a cat"))


@pytest.mark.parametrize(
    ("files", "images", "has_mask"),
    [
        ([("image", png())], 1, False),
        ([("image[]", png()), ("image[]", png(9))], 2, False),
        ([("image[0]", png()), ("image[1]", png(9)), ("mask", png())], 2, True),
        ([("image", "https://x.example/a.png")], 1, False),
    ],
)
def test_form_with_files_is_served(files, images, has_mask):
    demo, status, _ = edit(*FIELDS, *files, ("n", "2"), ("size", "1536x1024"))
    (task,) = demo.app.tasks.values()
    assert status == 200
    assert (len(task.values["images"]), "mask" in task.values) == (images, has_mask)
    assert (task.image_count, task.values["aspect_ratio"]) == (2, "3:2")


@pytest.mark.parametrize(
    ("parts", "param"),
    [
        ((), "image"),
        ((("image", b"no image"),), "image"),
        (
            (
                ("image", png()),
                ("mask", b"%PDF-1.4"),
            ),
            "mask",
        ),
        ((("image", png()), ("n", "two")), "n"),
        ((("image", png()), ("size", "large")), "size"),
        ((("image", png()), ("response_format", "svg")), "response_format"),
        ((("image", "file:///etc/passwd"),), "image"),
    ],
)
def test_wrong_form_is_refused(parts, param):
    _, status, told = edit(*FIELDS, *parts)
    assert (status, told["error"]["code"], told["error"].get("param")) == (400, "invalid_request_error", param)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"--b0undary",
        b"--b0undary\r\n\r\n\r\n--b0undary--",
        b"--other\r\n--other--",
        form(("prompt", b"\xff")),
    ],
)
def test_what_is_no_form_is_refused(body):
    _, status, told = edit(body=body)
    assert (status, told["error"]["message"] != "") == (400, True)


@pytest.mark.parametrize("value", [[], {}, 5, True, [["url"]]])
@pytest.mark.parametrize("field", ["response_format", "size", "quality", "n", "image", "prompt", "model", "mask"])
def test_field_of_the_wrong_type_is_refused(field, value):
    if (field, value) == ("n", 5) or (field == "mask" and value == []):
        pytest.skip("that is right")
    body = {"model": "gpt-image-2", "prompt": "a cat", "image": "https://x.example/a.png", field: value}
    status, told = Demo().json("POST", "/v1/images/edits", body)
    assert (status, told["error"]["param"]) == (400, field)
