from __future__ import annotations

from pathlib import Path

import pytest

from core.inference.memory import CACHE, LEAST, MB, budget_of, container_free, host_free


def test_the_default_budget_is_half_of_what_is_free() -> None:
    import psutil

    budget = budget_of(0)
    assert LEAST <= budget.host <= psutil.virtual_memory().total // 2
    assert host_free() <= psutil.virtual_memory().total


@pytest.mark.parametrize("memory", [100, 2000, 100_000])
def test_the_users_budget_holds_tiles_and_blocks(memory: int) -> None:
    budget = budget_of(memory)
    assert budget.host == memory * MB and budget.cache <= CACHE
    assert budget.cache + budget.rooms[0] == budget.host and budget.rooms[0] >= budget.host * 15 // 16


def group(folder: Path, names: tuple[str, str, str], limit: str, usage: int, cache: int) -> None:
    folder.mkdir(parents=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{usage}\n")
    (folder / "memory.stat").write_text(f"anon 5\n{names[2]} {cache}\n")


VERSION1 = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
VERSION2 = "memory.max", "memory.current", "inactive_file"


@pytest.mark.parametrize(
    ("names", "line", "folder"), [(VERSION1, "4:memory:/outer/inner", "memory/outer"), (VERSION2, "0::/outer/inner", "outer")]
)
def test_a_containers_limit_counts_even_one_further_out(tmp_path: Path, names: tuple[str, str, str], line: str, folder: str) -> None:
    membership = tmp_path / "cgroup"
    membership.write_text(f"9:cpu:/outer\n{line}\n")
    group(tmp_path / folder, names, "1000", 600, 100)
    group(tmp_path / folder / "inner", names, "max" if names == VERSION2 else str(2**60), 600, 100)
    assert min(container_free(tmp_path, membership)) == 500


def test_without_limits_there_is_room(tmp_path: Path) -> None:
    assert min(container_free(tmp_path, tmp_path / "none")) > 2**60
