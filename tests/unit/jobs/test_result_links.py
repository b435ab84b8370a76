"""An image that an answer lists is fetched once, wherever and under whichever signature the next answer lists it."""

from __future__ import annotations

import hashlib

import pytest
import requests

from qwave_jupyter.client.image_links import image_address
from qwave_jupyter.client.tasks import ResultImage
from qwave_jupyter.errors import AuthenticationFailed
from qwave_jupyter.jobs.job import resumable, resume
from qwave_jupyter.jobs.result_links import split_entries, unite_links
from tests.image_factory import plain
from tests.scripted_server import CDN, DAY
from tests.waiting import PATIENCE

COLOURS = ("red", "green", "blue", "white")
IMAGES = [plain(colour=colour) for colour in COLOURS]


def address(place, query="", folder="task-1"):
    return f"{CDN}/{folder}/{place}.png{query}"


@pytest.fixture
def fetched(server, monkeypatch):
    """The numbers of the images that the server has handed out."""
    numbers = []
    true = server._image

    def image(request, path):
        status, content = true(request, path)
        if status == 200:
            numbers.append(IMAGES.index(content))
        return status, content

    monkeypatch.setattr(server, "_image", image)
    return numbers


@pytest.fixture
def lists(server, monkeypatch):
    """Let the completed task list these entries: addresses, or entries as they are."""
    listed = []
    true = server._status

    def status(request, path):
        code, answer = true(request, path)
        if answer.get("status") == "completed" and listed:
            answer["result"] = {"images": list(listed)}
        return code, answer

    monkeypatch.setattr(server, "_status", status)

    def change(*entries):
        end = int(server.clock.now()) + DAY
        listed[:] = [{"url": [one], "expires_at": end} if isinstance(one, str) and one else one for one in entries]

    return change


@pytest.fixture
def one_missing(submit, server, bench, lists):
    """Leave a job of three images open whose second one wasn't there yet."""
    server.states = ["completed"]
    server.images = [IMAGES[0], 404, IMAGES[2], IMAGES[3]]
    lists(address(0), address(1), address(2))
    first = submit(n=3).result(PATIENCE)
    assert [image.index for image in first] == [1, 3]
    server.images = list(IMAGES)
    return first


def contents(bench):
    """The images that the only job has on disk, by the hash of what the server sent."""
    (entry,) = bench.journal._entries("ORDER BY created")
    digests = {hashlib.sha256(content).hexdigest(): number for number, content in enumerate(IMAGES)}
    return entry.state, [digests[one["digest"]] for one in entry.files]


SIGNED = "?X-Amz-Date=20261130T0800Z&X-Amz-Signature=abc"

LISTINGS = {
    "another order": [address(2), address(1), address(0)],
    "missing one first": [address(1), address(0), address(2)],
    "signed anew": [address(place, SIGNED) for place in (0, 1, 2)],
    "signed anew in another order": [address(place, SIGNED) for place in (1, 2, 0)],
    "the saved ones dropped": [address(1)],
    "the first one dropped": [address(1), address(2)],
    "the missing one dropped": [address(0), address(2)],
    "the missing one dropped in another order": [address(2), address(0)],
    "an empty entry for it": [address(0), None, address(2)],
    "an empty entry first": [None, address(0), address(2)],
}


@pytest.mark.parametrize("listing", LISTINGS.values(), ids=LISTINGS)
def test_resume_fetches_missing_image_once(bench, one_missing, lists, fetched, listing):
    lists(*listing)
    (job,) = resume(bench)
    gallery = job.result(PATIENCE)
    assert fetched == [1]
    assert [image.index for image in gallery] == [1, 2, 3]
    assert [gallery[0].path, gallery[2].path] == [image.path for image in one_missing]
    assert contents(bench) == ("done", [0, 1, 2])
    assert gallery.cost_usd == pytest.approx(0.006374, abs=1e-6)


@pytest.mark.parametrize("place", [0, 1, 3])
def test_resume_fetches_further_image_of_the_answer(bench, one_missing, lists, fetched, place):
    addresses = [address(0), address(1), address(2)]
    lists(*addresses[:place], address(3), *addresses[place:])
    (job,) = resume(bench)
    gallery = job.result(PATIENCE)
    assert sorted(fetched) == [1, 3]
    assert len({image.path for image in gallery}) == 4
    assert [gallery[0].path, gallery[2].path] == [image.path for image in one_missing]
    state, numbers = contents(bench)
    assert (state, sorted(numbers)) == ("done", [0, 1, 2, 3])


@pytest.mark.parametrize("places", [(0, 1, 2), (2, 0, 1), (1,), (2, 1)])
def test_resume_recognises_images_under_new_addresses(bench, one_missing, lists, server, places):
    # Nothing but the content says which is which; the earlier addresses work on, so nothing is lost either.
    lists(*(address(place, folder="moved") for place in places))
    (job,) = resume(bench)
    gallery = job.result(PATIENCE)
    assert len({image.path for image in gallery}) == 3
    state, numbers = contents(bench)
    assert (state, sorted(numbers)) == ("done", [0, 1, 2])
    assert server.billed == 1


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_resume_knows_images_by_their_newest_addresses(bench, one_missing, lists, server, turns):
    # Under new addresses each time, of which the earlier ones are dead, one image is missing until the last turn.
    true = server._image
    for turn in range(turns):
        lists(*(address(place, folder=f"moved-{turn}") for place in (1, 2, 0)))

        def image(request, path, turn=turn):
            return (404, b"") if path.endswith("/1.png") or f"moved-{turn}" not in path else true(request, path)

        server._image = image
        (job,) = resume(bench)
        assert len(job.result(PATIENCE)) == 2
        assert contents(bench) == ("completed", [0, 2])
    server._image = true
    (job,) = resume(bench)
    job.result(PATIENCE)
    state, numbers = contents(bench)
    assert (state, sorted(numbers)) == ("done", [0, 1, 2])


@pytest.mark.parametrize("status", [200, 401])
def test_image_listed_by_its_other_mirror_is_the_same(submit, bench, server, lists, status):
    def mirrors(place, *folders):
        return {"url": [address(place, folder=folder) for folder in folders]}

    server.states, server.images = ["completed"], [IMAGES[0], 404]
    lists(mirrors(0, "one"), mirrors(1, "one", "two"))
    submit(n=2).result(PATIENCE)
    server.images = [IMAGES[0], 404]
    lists(mirrors(0, "two"), mirrors(1, "two"))
    (job,) = resume(bench)
    job.result(PATIENCE)
    assert contents(bench) == ("completed", [0])
    server.images = list(IMAGES)
    if status != 200:
        server.faults["status"] = [status] * 99
    (job,) = resume(bench)
    job.result(PATIENCE)
    assert contents(bench) == ("done", [0, 1])


def test_resume_tells_of_an_image_that_is_listed_no_more(bench, one_missing, lists, server):
    # Fewer entries under new addresses, and none of the earlier ones works.
    lists(address(2, folder="moved"))
    true = server._image
    server._image = lambda request, path: true(request, path) if "moved" in path else (404, b"")
    for _ in range(2):
        (job,) = resume(bench)
        assert len(job.result(PATIENCE)) == 2
        assert str(job.snapshot.notices[-1]).startswith("1 of the images")
        assert contents(bench) == ("completed", [0, 2])


def test_addresses_that_differ_in_more_than_a_signature_are_different_images(submit, bench, server, lists, monkeypatch):
    def at(place, sign):
        return f"{CDN}/get?image={place}&Expires={sign}&Signature=s{sign}"

    monkeypatch.setattr(
        server, "_image", lambda _, path: (200, server.images[int(path.partition("image=")[2].partition("&")[0])])
    )
    server.states, server.images = ["completed"], [IMAGES[0], b"\x89PNG nonsense"]
    lists(at(0, 1), at(1, 1))
    submit(n=2).result(PATIENCE)
    server.images = list(IMAGES)
    lists(at(1, 2))
    (job,) = resume(bench)
    job.result(PATIENCE)
    assert contents(bench) == ("done", [0, 1])


REFUSALS = {
    "401": [401] * 99,
    "403": [403] * 99,
    "404": [404] * 99,
    "410": [410] * 99,
    "500": [500] * 99,
    "503": [503] * 99,
    "no JSON": [b"<html>"] * 99,
    "broken": [requests.exceptions.ConnectionError("gone")] * 99,
    "lists nothing": [[200, {"task_id": "task-1", "status": "completed", "result": None}]] * 99,
    "goes on": [[200, {"task_id": "task-1", "status": "processing"}]] * 99,
    "failed": [[200, {"task_id": "task-1", "status": "failed", "cost": 3187}]] * 99,
}


@pytest.mark.parametrize("answers", REFUSALS.values(), ids=REFUSALS)
def test_noted_links_are_tried_whatever_the_status_answers(bench, one_missing, server, fetched, answers):
    server.faults["status"] = list(answers)
    (job,) = resume(bench)
    assert [image.index for image in job.result(PATIENCE)] == [1, 2, 3]
    assert fetched == [1]
    assert contents(bench) == ("done", [0, 1, 2])
    assert job.snapshot.cost_usd == pytest.approx(0.006374)


@pytest.mark.parametrize("status", [404, 410])
def test_noted_links_that_are_dead_close_no_job_whose_status_is_refused(submit, server, bench, status):
    server.images = [404]
    submit().wait(PATIENCE)
    server.images, server.faults["status"] = [status], [401] * 99
    for _ in range(2):
        (job,) = resume(bench)
        assert job.wait(PATIENCE)
        assert job.error is not None
    server.images, server.faults = [IMAGES[0]], {}
    (job,) = resume(bench)
    job.result(PATIENCE)
    assert contents(bench) == ("done", [0])


def test_refused_status_is_reported_where_noted_links_are_dead(submit, server, bench):
    server.images = [404]
    submit().wait(PATIENCE)
    server.images, server.faults["status"] = [410], [401] * 99
    (job,) = resume(bench)
    assert job.wait(PATIENCE)
    assert isinstance(job.error, AuthenticationFailed)
    assert len(resumable(bench)) == 1


@pytest.mark.parametrize(
    "listing",
    [[address(0), address(0)], [address(0), address(0, SIGNED)], [[address(0), address(0, SIGNED)]]],
    ids=["twice", "twice signed", "twice in one entry"],
)
def test_one_address_listed_twice_is_one_image(submit, server, bench, lists, fetched, listing):
    server.states, server.images = ["completed"], list(IMAGES)
    lists(*listing)
    assert len(submit(n=2).result(PATIENCE)) == 1
    assert fetched == [0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://cdn.example.com/a.png?X-Amz-Signature=1&X-Amz-Expires=9", "https://cdn.example.com/a.png"),
        ("https://CDN.example.com/a.png?Expires=1&OSSAccessKeyId=k&Signature=x", "https://cdn.example.com/a.png#top"),
        ("https://cdn.example.com/a?id=7&sig=abc&se=2026", "https://cdn.example.com/a?se=2027&sig=d&id=7"),
        ("https://cdn.example.com/a?q-sign-time=1&q-signature=x", "https://cdn.example.com/a?q-signature=y&sign=1"),
        ("https://cdn.example.com:443/a", "https://cdn.example.com/a"),
    ],
)
def test_image_address_without_what_signs_it(one, other):
    assert image_address(one) == image_address(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://cdn.example.com/a.png", "https://cdn.example.com/b.png"),
        ("https://cdn.example.com/a?id=1&sig=x", "https://cdn.example.com/a?id=2&sig=x"),
        ("https://cdn.example.com/a?design=1", "https://cdn.example.com/a?design=2"),
        ("https://cdn.example.com/a?token=1", "https://cdn.example.com/a?token=2"),
        ("https://cdn.example.com/A.png", "https://cdn.example.com/a.png"),
        ("https://a.example.com/1.png", "https://b.example.com/1.png"),
        ("javascript:1", "javascript:2"),
        ("http://[", "http://]"),
    ],
)
def test_image_address_keeps_what_identifies(one, other):
    assert image_address(one) != image_address(other)


def urls_of(images):
    return [image.urls for image in images]


def test_split_entries_for_missing_images():
    mirrors = ResultImage(urls=("https://a/1", "https://b/1"), expires_at=5.0)
    assert [one.link for one in split_entries([mirrors], 1)] == [mirrors]
    parts = split_entries([mirrors, ResultImage()], 3)
    assert urls_of(one.link for one in parts) == [("https://a/1",), ("https://b/1",), ()]
    assert [one.entry for one in parts] == [0, 0, 1]
    assert parts[1].link.expires_at == 5.0
    whole = ResultImage(data=b"x")
    assert [one.link for one in split_entries([whole], 3)] == [whole]


def test_links_of_one_address_are_not_split():
    signed = ResultImage(urls=("https://a/1?sig=1", "https://a/2", "https://a/1?sig=2"))
    parts = split_entries([signed], 2)
    assert urls_of(one.link for one in parts) == [("https://a/1?sig=1", "https://a/1?sig=2"), ("https://a/2",)]


def test_united_links_do_not_grow():
    noted = (ResultImage(urls=("https://a/1?sig=0",)), ResultImage(urls=("https://a/2?sig=0",)))
    for turn in range(1, 6):
        noted = unite_links([ResultImage(urls=(f"https://a/1?sig={turn}",))], noted)
        assert noted[0].urls == (f"https://a/1?sig={turn}", f"https://a/1?sig={turn - 1}")
    assert urls_of(noted[1:]) == [("https://a/2?sig=0",)]
    for turn in range(5):
        noted = unite_links([ResultImage(urls=(f"https://a/{turn}/{place}",)) for place in range(2)], noted)
    assert [image.is_former for image in noted] == [False, False, True, True]
