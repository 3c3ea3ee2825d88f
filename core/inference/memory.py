"""How much memory a run may use: what is free on the host, in its container and on the GPU, and the user's budget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MB = 1_000_000
LEAST = 64 * MB  # below, no block could be computed: better to try than to refuse
CACHE = 256 * MB  # of decoded tiles: a row of tiles of a wide image, so that none is decoded twice
LIMITS = (("memory.max", "memory.current", "inactive_file"), ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"))


@dataclass(frozen=True)
class Budget:
    """Bytes that a run may use above what the engine holds when it starts to compute.

    Attributes:
        host: of the computer's memory.
        gpu: of the GPU's; None where none is in use.
    """

    host: int
    gpu: int | None = None

    @property
    def cache(self) -> int:
        """The part for decoded tiles."""
        return min(CACHE, self.host // 16)

    @property
    def rooms(self) -> tuple[int, ...]:
        """What is left for blocks in each memory."""
        host = self.host - self.cache
        return (host,) if self.gpu is None else (host, self.gpu)


def budget_of(memory_mb: int) -> Budget:
    """The user's budget, or half of what is free now where he gives none (0). On a GPU it holds for either memory."""
    on_gpu = gpu_free()
    if memory_mb:
        return Budget(memory_mb * MB, None if on_gpu is None else memory_mb * MB)
    return Budget(max(host_free() // 2, LEAST), None if on_gpu is None else max(on_gpu // 2, LEAST))


def host_free() -> int:
    """Bytes that this process could still take without swapping: what the computer has, or what its container leaves it."""
    import psutil

    return min(psutil.virtual_memory().available, *container_free())


def container_free(root: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup")) -> list[int]:
    """Bytes left under the memory limit of each control group that holds this process (Linux, version 1 or 2); one huge one without.

    What the group's file cache holds counts as free: the kernel gives it back.
    """
    free = [2**62]
    for folder in _groups(root, membership):
        for limit, usage, cache in LIMITS:
            try:
                left = int((folder / limit).read_text()) - int((folder / usage).read_text()) + _statistic(folder / "memory.stat", cache)
            except (OSError, ValueError):  # another version, no such controller, or "max": no limit
                continue
            free.append(max(left, 0))
    return free


def _groups(root: Path, membership: Path) -> Iterator[Path]:
    """Folders of the group and of those around it: each may set a limit. In a container its own group looks like the root."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:  # no Linux
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "memory"):
            inside = Path(path.lstrip("/"))
            for part in (inside, *inside.parents):
                yield root / controllers / part


def _statistic(file: Path, name: str) -> int:
    words = (line.split() for line in file.read_text().splitlines())
    return next((int(value) for key, value in words if key == name), 0)


def gpu_free() -> int | None:
    """Bytes that TensorFlow may still take on the GPU it computes on, or None without one.

    TensorFlow takes nearly all of a GPU for itself when it starts: what is free is its own limit, less what it has given away.
    """
    import tensorflow as tf
    from tensorflow.python.client import device_lib

    if not tf.config.list_logical_devices("GPU"):
        return None
    limit = next(device.memory_limit for device in device_lib.list_local_devices() if device.device_type == "GPU")
    return int(limit) - int(tf.config.experimental.get_memory_info("GPU:0")["current"])
