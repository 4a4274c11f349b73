"""What a run says: `metrics.jsonl`, one line at a time, and one progress bar."""

import json
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from tqdm import tqdm

FILE_NAME = "metrics.jsonl"


class Journal:
    """Writes metrics and shows progress; on all ranks but the first it does nothing.

    A line of metrics.jsonl holds: step, seconds, questions, tokens, exposures, loss_nats (mean
    summed loss of an answer since the last line), bits_so_far, bits_per_parameter,
    learning_rate_share, tokens_per_second, wait_share (share of time spent waiting for data).
    """

    def __init__(self, folder: Path, *, title: str, enabled: bool, resumed_step: int) -> None:
        """Open the journal; lines after `resumed_step` (of a run that was killed) are dropped."""
        self.enabled = enabled
        if not enabled:
            return
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / FILE_NAME
        kept = []
        if path.exists() and resumed_step > 0:
            for line in path.read_text(encoding="utf-8").splitlines():
                try:
                    if json.loads(line)["step"] <= resumed_step:
                        kept.append(line)
                except (ValueError, KeyError, TypeError):
                    continue  # the last line of a killed run may be torn
        self._file = path.open("w", encoding="utf-8")
        self._file.writelines(line + "\n" for line in kept)
        self._bar = tqdm(
            total=1.0,
            desc=title,
            bar_format="{desc} {percentage:3.0f}%|{bar:20}| {postfix}",
            dynamic_ncols=True,
            mininterval=0.2,
        )
        self._began = time.perf_counter()
        self._began_at: float | None = None

    def write(self, metrics: dict[str, Any], *, progress: float) -> None:
        """Append one line, and show it."""
        if not self.enabled:
            return
        self._file.write(json.dumps(metrics) + "\n")
        self._file.flush()
        if self._began_at is None:
            self._began_at = progress
        done, spent = progress - self._began_at, time.perf_counter() - self._began
        left = "?" if done <= 0 else tqdm.format_interval(spent * (1 - progress) / done)
        self._bar.n = min(1.0, progress)
        self._bar.set_postfix_str(
            f"{metrics['bits_so_far']:,.0f} bits, {metrics['bits_per_parameter']:.2f} a parameter,"
            f" {metrics['tokens_per_second'] / 1000:,.0f}k tokens/s, {left} left"
        )

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.enabled:
            if error is None:
                self._bar.n = 1.0
            self._bar.refresh()
            self._bar.close()
            self._file.close()
