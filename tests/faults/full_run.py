"""A session in which all that may fail does, with the most verbose tracebacks and logs; run as a program.

``python full_run.py FOLDER GOOD_URL BAD_URL``: what is shown, logged, pickled and traced goes to files in FOLDER.
"""

from __future__ import annotations

import copy
import io
import logging
import pickle
import sys
import traceback
import warnings
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

FOLDER, GOOD, BAD = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
told = io.StringIO()
logging.basicConfig(stream=told, level=logging.DEBUG, format="%(name)s %(message)s %(args)s")
logging.captureWarnings(True)
warnings.simplefilter("always")
shell = InteractiveShell.instance()


def keep(name: str, text: object) -> None:
    with (FOLDER / name).open("a", encoding="utf-8", errors="replace") as file:
        file.write(f"{text}\n")


def chain(problem: BaseException) -> list[BaseException]:
    found = [problem]
    for one in found:
        found += [other for other in (one.__cause__, one.__context__) if other is not None and other not in found]
    return found


def trace(problem: BaseException) -> None:
    for one in chain(problem):
        keep("errors.txt", f"{one!r} {one} {one.args} {getattr(one, 'fields', '')} {vars(one)}")
        told_all = traceback.TracebackException.from_exception(one, capture_locals=True)
        keep("tracebacks.txt", "".join(told_all.format()))
        frame = one.__traceback__
        while frame is not None:
            if frame.tb_frame.f_globals.get("__name__") != "__main__":
                keep("frames.txt", f"{frame.tb_frame.f_code.co_filename} {frame.tb_frame.f_locals}")
            frame = frame.tb_next
        keep("pickles.bin", pickle.dumps(one))


def cell(source: str) -> object:
    with capture_output() as captured:
        result = shell.run_cell(source, store_history=True)
    keep("outputs.txt", f"{captured.stdout} {captured.stderr}")
    for shown in captured.outputs:
        keep("outputs.txt", f"{shown.data} {shown.metadata}")
    data, metadata = shell.display_formatter.format(result.result)
    keep("outputs.txt", f"{data} {metadata} {result!r}")
    problem = result.error_in_exec
    if problem is not None:
        trace(problem)
        for mode in ("Verbose", "Context", "Plain"):
            with capture_output() as captured:
                shell.run_line_magic("xmode", mode)
                shell.showtraceback((type(problem), problem, problem.__traceback__))
            keep("verbose.txt", captured.stdout + captured.stderr)
        handler = shell.InteractiveTB.structured_traceback(type(problem), problem, problem.__traceback__)
        keep("crash.txt", "\n".join(map(str, handler)))
    return result.result


def with_server(address: str, *cells: str) -> None:
    shell.run_cell(f"import os; os.environ['QWAVE_BASE_URL'] = {address!r}")
    for source in cells:
        cell(source)


shell.run_cell("%load_ext qwave_jupyter")
with_server(
    GOOD,
    "%%qwave -o city\na city",
    "%%qwave --dry-run\na city",
    "%%qwave -m no-such-model\na city",
    "%%qwave --seed cat\na city",
    "%%qwave --no-wait -o job\na city",
    "job.result(200)",
    "job.snapshot",
    *(
        f"%qwave {command}"
        for command in ("models", "balance", "cost", "history", "status", "doctor", "config", "key --show")
    ),
    "%qwave resume",
    "%qwave cancel nothing",
    "import qwave_jupyter as qwave; qwave.configure(reuse=True)",
    "city.html() if hasattr(city, 'html') else city",
)
# The server quotes the key wherever it can.
with_server(
    BAD, "%%qwave\na city", "%qwave balance", "%qwave models --refresh", "%qwave status task-1", "qwave.resume()"
)
# Nobody is there; the address is wrong; a variable is wrong.
with_server("http://127.0.0.1:9", "qwave.configure(timeout=2)", "%%qwave\na city")
with_server("http://elsewhere.example", "%%qwave\na city")
with_server("ftp://elsewhere", "%%qwave\na city")
with_server(GOOD, "os.environ['QWAVE_DEMO'] = 'perhaps'", "%%qwave\na city", "del os.environ['QWAVE_DEMO']")

from qwave_jupyter import credentials  # noqa: E402 - as a user would, later
from qwave_jupyter.session import default  # noqa: E402

bench = default().context()
(job,) = [value for name, value in shell.user_ns.items() if name == "job"]
keep("reprs.txt", credentials.find())
for thing in (bench, bench.client, bench.journal, bench.client._transport, job, default(), default().settings):
    keep("reprs.txt", f"{thing!r} {thing!s}")
    keep("reprs.txt", getattr(thing, "__dict__", ""))
for thing in (bench.client, bench.journal, job.gallery, job.request, job.snapshot.request, job.error):
    keep("pickles.bin", pickle.dumps(thing))
    keep("reprs.txt", repr(copy.copy(thing)))

# A fault of ours in the very depth: every frame between the magic and the socket shows its locals.
import requests  # noqa: E402 - as above

shell.user_ns["keep"], shell.user_ns["trace"] = keep, trace
true = requests.Session.send


def broken(*args: object, **options: object) -> object:
    raise RuntimeError("deep down")  # noqa: TRY003


requests.Session.send = broken
cell("%%qwave\na city, again")
requests.Session.send = true

from qwave_jupyter.jobs.journal import store  # noqa: E402 - as above

store.Journal.begin = broken
cell("%%qwave\na city, once more")
keep("log.txt", told.getvalue())
keep("done.txt", len(told.getvalue()))
