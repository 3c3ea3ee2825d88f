"""An engine without libraries: speaks core/protocol.py and behaves as its argument says. Started by the client, in the plugin's folder.

python fake_engine.py BEHAVIOUR [COUNTER]      COUNTER: a file that gets one line per start
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import time

sys.path.insert(0, os.getcwd())

from core.protocol import partial_path


def say(**message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def listen(requests: queue.Queue[dict]) -> None:
    for line in sys.stdin:
        requests.put(json.loads(line))
    requests.put({"type": "shutdown"})


class Behaviours:
    """What is done with a job; each method is one behaviour."""

    def __init__(self, requests: queue.Queue[dict]) -> None:
        self.requests = requests

    def echo(self, request: dict) -> None:
        job_id = request["id"]
        for level in ("info", "warning", "debug"):
            say(type="log", id=job_id, level=level, text=f"{level} é")
        say(type="progress", id=job_id, fraction=0.25, text="working")
        say(type="result", id=job_id, outputs={"pid": os.getpid(), "cwd": os.getcwd(), "job": request["job"], "env": dict(os.environ)})

    def error(self, request: dict) -> None:
        say(type="error", id=request["id"], kind="BadTruth", message="No field 'class'.", details="a traceback")

    def garbage(self, request: dict) -> None:
        sys.stdout.write("hello from a C library\n{}\n[1]\n\xff\n")
        say(type="result", id=request["id"] - 1, outputs={"of": "another job"})
        say(type="result", id=request["id"], outputs={"pid": os.getpid()})

    def slow(self, request: dict) -> None:
        say(type="log", id=request["id"], level="info", text="begun")
        while True:
            message = self.requests.get()
            if message["type"] == "cancel":
                say(type="cancelled", id=message["id"])
                return
            if message["type"] == "shutdown":
                sys.exit(0)

    def stubborn(self, request: dict) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        open(partial_path(request["job"]["output_html"], os.getpid()), "w").close()
        say(type="log", id=request["id"], level="info", text="begun")
        time.sleep(60)

    def die(self, request: dict) -> None:
        open(partial_path(request["job"]["output_html"], os.getpid()), "w").close()
        sys.stderr.write("last words\n")
        sys.stderr.flush()
        say(type="log", id=request["id"], level="info", text="begun")
        os.kill(os.getpid(), signal.SIGKILL)

    def leave(self, request: dict) -> None:
        """The first job is done, the second meets an engine that has just left."""
        self.echo(request)
        self.requests.get()
        sys.exit(0)


def main() -> None:
    behaviour = sys.argv[1]
    if len(sys.argv) > 2:
        with open(sys.argv[2], "a") as counter:
            counter.write(f"{os.getpid()}\n")
    if behaviour == "broken":
        sys.exit("ModuleNotFoundError: No module named 'numpy'")
    if behaviour == "silent":
        time.sleep(60)
    requests: queue.Queue[dict] = queue.Queue()
    threading.Thread(target=listen, args=(requests,), daemon=True).start()
    say(type="ready", version=99 if behaviour == "old" else 1, pid=os.getpid())
    behaviours = Behaviours(requests)
    while True:
        request = requests.get()
        if request["type"] == "shutdown":
            os._exit(0)
        if request["type"] == "run":
            getattr(behaviours, behaviour)(request)


if __name__ == "__main__":
    main()
