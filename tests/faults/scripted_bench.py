"""A workbench on a scripted server inside the process, for faults of files and processes rather than of networks."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from qwave_jupyter.jobs import idempotency, records, request
from qwave_jupyter.jobs.context import JobContext
from qwave_jupyter.jobs.job import Job
from qwave_jupyter.jobs.journal.store import Entry
from tests.fake_clock import FakeClock
from tests.job_contexts import open_context
from tests.scripted_server import ScriptedServer


@dataclass(frozen=True)
class Scripted:
    server: ScriptedServer
    bench: JobContext

    def build(self, prompt: str = "a cat", **options: object) -> request.Request:
        return request.build(self.bench.catalog, prompt, options, model=options.pop("model", "gpt-image-2"))

    def submit(self, prompt: str = "a cat", **options: object) -> Job:
        return Job(self.build(prompt, **options), self.bench).start()

    def leave_open(self, name: str, *, task: bool = True, **changes: object) -> Entry:
        """What a killed kernel leaves: a row of the journal, and for a known task its finished images."""
        entry = records.new_entry(self.build(name), name, self.bench)
        changes = {"state": "running", "task_id": f"task-{name}", **changes} if task else changes
        if task:
            self.server.tasks[f"task-{name}"] = {"states": ["completed"], "made": True, "body": {}}
        self.bench.journal.begin(entry)
        self.bench.journal.update(name, **changes)
        return self.bench.journal.find(name)[0]


@contextlib.contextmanager
def scripted(folder: Path):
    clock = FakeClock()
    server = ScriptedServer(clock)
    with open_context(folder, server.client(), clock) as bench:
        # The scripted server heeds idempotency keys, as an earlier job has found out.
        idempotency.remember(bench)
        yield Scripted(server, bench)
