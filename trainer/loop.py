"""The one training loop.

stream (a thread fills the next batch) -> layout on the device -> summed answer losses
-> divided by the answer tokens of the global batch -> backward, clip, step -> journal
"""

import math
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import torch
from accelerate import Accelerator
from torch import Tensor

from datagen.batch import Buffers
from datagen.errors import InputError, require
from datagen.kernels.tables import NUM_ANSWER_TOKENS, NUM_BY_HOPS
from datagen.kernels.tables import NUM_TOKENS as BATCH_TOKENS
from datagen.manifest import checkpoints, folder_name, newest_whole
from datagen.schema import MAX_HOPS
from datagen.stream import QuestionStream
from datagen.world import World, open_world
from estimators.entropy import Entropy, measure_entropy
from estimators.forward import to_layout
from trainer import checkpoint
from trainer.checkpoint import Counters
from trainer.config import RunConfig
from trainer.journal import Journal
from trainer.model import AnswerLoss, build_model
from trainer.optimizer import build_optimizers, clip_gradients, rate_share, set_rates


class Finished(NamedTuple):
    """How a run ended."""

    folder: Path | None
    """The last checkpoint."""
    interrupted: bool
    """Whether a signal ended it before its limits did."""
    step: int
    """Steps done."""


def prepare_folder(out: Path, *, resume: bool, overwrite: bool) -> None:
    """Make sure that `out` is new, or that the caller said what to do with what is there.

    Raises:
        InputError: where it holds another run and neither flag is given.
    """
    require(not (resume and overwrite), "--resume and --overwrite exclude each other")
    require(not out.exists() or out.is_dir(), f"{out} is a file; --out needs a folder")
    present = out.is_dir() and any(out.iterdir())
    if present and overwrite:
        ours = [*checkpoints(out), *out.glob(f"{checkpoint.PARTIAL}*")]
        for folder in ours:
            shutil.rmtree(folder)
        (out / "metrics.jsonl").unlink(missing_ok=True)
    require(
        not present or resume or overwrite,
        f"{out} already holds a run; add --resume to go on with it, --overwrite to replace it,"
        " or name another folder with --out",
    )
    out.mkdir(parents=True, exist_ok=True)


@contextmanager
def stop_signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM in a list instead of dying in the middle of a step."""
    received: list[int] = []
    before = {
        number: signal.signal(number, lambda n, _: received.append(n))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def checkpoint_steps(config: RunConfig) -> Iterator[int]:
    """Yield the log-spaced steps at which a checkpoint is due, in order."""
    per_decade, step = config.checkpoint.per_decade, 0
    i = 0
    while per_decade:
        due = round(config.checkpoint.first_step * 10 ** (i / per_decade))
        if due > step:
            step = due
            yield step
        i += 1


def progress_of(config: RunConfig, counters: Counters, num_facts: int) -> float:
    """Return the share of the run that is done: the furthest of its limits, 1 at the end."""
    limits = config.training
    shares = [
        counters.step / limits.max_steps if limits.max_steps else 0.0,
        counters.fact_uses / num_facts / limits.max_exposures if limits.max_exposures else 0.0,
        counters.seconds / limits.max_seconds if limits.max_seconds else 0.0,
    ]
    return max(shares)


def bits_so_far(entropy: Entropy, loss_nats: float) -> float:
    """Return S + N * sum_s (H_s - L) for a mean loss over all subjects (SCIENCE, one hop)."""
    num_facts = entropy.num_people * len(entropy.subject_bits)
    return entropy.total_bits - num_facts * loss_nats / math.log(2)


def train(config: RunConfig, *, resume: bool = False, overwrite: bool = False) -> Finished:
    """Train one run to its limits; return its last checkpoint.

    Raises:
        InputError: where config, folder or checkpoint are wrong, or the loss is not finite.
    """
    accelerator = Accelerator(mixed_precision=config.training.precision)
    if accelerator.is_main_process:
        prepare_folder(config.out, resume=resume, overwrite=overwrite)
    world = open_world(config.data)
    stream = QuestionStream(
        world,
        batch_rows=config.training.batch_rows,
        rank=accelerator.process_index,
        world_size=accelerator.num_processes,
        seed=config.seed,
    )
    model = build_model(
        config.model,
        tokenizer=world.tokenizer,
        sequence_length=config.data.packing.sequence_length,
        seed=config.seed,
    )
    module = AnswerLoss(model).to(accelerator.device)
    optimizers = build_optimizers(module, config.optimizer)
    counters = Counters()
    if resume:
        folder, refused = newest_whole(config.out)
        for line in refused:
            accelerator.print(line)
        require(folder is not None, f"--resume: {config.out} holds no whole checkpoint")
        assert folder is not None
        counters = checkpoint.load(folder, config=config, model=model, optimizers=optimizers)
    accelerator.wait_for_everyone()
    prepared = accelerator.prepare(module, *optimizers)
    run = _Run(config, accelerator, world, stream, prepared[0], list(prepared[1:]), counters)
    return run.to_the_end()


class _Run:
    """One run while it trains: what the steps share."""

    def __init__(
        self,
        config: RunConfig,
        accelerator: Accelerator,
        world: World,
        stream: QuestionStream,
        module: torch.nn.Module,
        optimizers: list,
        counters: Counters,
    ) -> None:
        self.config, self.accelerator, self.world = config, accelerator, world
        self.stream, self.module, self.optimizers = stream, module, optimizers
        self.counters = counters
        self.model = accelerator.unwrap_model(module).model
        self.num_facts = world.profiles.count * world.profiles.num_subjects
        self.entropy = measure_entropy(world.profiles, world.pools)
        self.started = time.perf_counter() - counters.seconds
        self.last_saved: Path | None = None

    def to_the_end(self) -> Finished:
        """Train until a limit or a signal, checkpointing on the way."""
        config, counters = self.config, self.counters
        due = (s for s in checkpoint_steps(config) if s > counters.step)
        next_due = next(due, None)
        title = config.out.name
        enabled = self.accelerator.is_main_process
        with (
            stop_signals() as received,
            Journal(
                config.out, title=title, enabled=enabled, resumed_step=counters.step
            ) as journal,
        ):
            window = _Window(self)
            stop = False
            for buffers in self._batches():
                if stop or progress_of(config, counters, self.num_facts) >= 1:
                    break
                sums = self._step(buffers)
                stop = self._agree(buffers, stop=bool(received))
                window.add(sums)
                if counters.step % config.evaluation.log_every == 0 or stop:
                    window.close(journal)
                if counters.step == next_due:
                    self._save()
                    next_due = next(due, None)
        if self.last_saved is None or self.last_saved.name != folder_name(counters.step):
            self._save()
        return Finished(self.last_saved, stop, counters.step)

    def _batches(self) -> Iterator[Buffers]:
        yield from self.stream.batches(self.counters.step)

    def _step(self, buffers: Buffers) -> Tensor:
        """Do one optimizer step; return the batch's summed losses by hop count, on the device."""
        config, accelerator = self.config, self.accelerator
        answers = torch.tensor(
            float(buffers.batch.counts[NUM_ANSWER_TOKENS]), device=accelerator.device
        )
        if accelerator.num_processes > 1:
            answers = accelerator.reduce(answers, "sum")
        progress = progress_of(config, self.counters, self.num_facts)
        share = rate_share(config.optimizer, step=self.counters.step, progress=progress)
        set_rates([wrapped.optimizer for wrapped in self.optimizers], share)
        sums = self.module(to_layout(buffers.segments, accelerator.device))
        # Processes average their gradients; each divides by the answer tokens of all of them.
        accelerator.backward(sums.sum() * (accelerator.num_processes / answers))
        for optimizer in self.optimizers:
            accelerator.unscale_gradients(optimizer)
        clip_gradients(self.module, config.optimizer)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad()
        return sums.detach()

    def _agree(self, buffers: Buffers, *, stop: bool) -> bool:
        """Advance the counters by the global batch; return whether any process was told to stop."""
        counts, counters = buffers.batch.counts, self.counters
        seconds = time.perf_counter() - self.started
        mine = [float(counts[BATCH_TOKENS]), *counts[NUM_BY_HOPS:].astype(float).tolist()]
        mine += [float(stop), seconds if self.accelerator.is_main_process else 0.0]
        if self.accelerator.num_processes > 1:
            tensor = torch.tensor(mine, dtype=torch.float64, device=self.accelerator.device)
            mine = self.accelerator.reduce(tensor, "sum").tolist()
        counters.step += 1
        counters.tokens += int(mine[0])
        counters.questions = [
            before + int(new)
            for before, new in zip(counters.questions, mine[1 : 1 + MAX_HOPS], strict=True)
        ]
        counters.seconds = mine[-1]
        return mine[-2] > 0

    def _save(self) -> None:
        if self.accelerator.is_main_process:
            self.last_saved = checkpoint.save(
                self.config.out,
                config=self.config,
                world=self.world,
                model=self.model,
                optimizers=[wrapped.optimizer for wrapped in self.optimizers],
                counters=self.counters,
            )
        else:
            self.last_saved = self.config.out / folder_name(self.counters.step)
        self.accelerator.wait_for_everyone()


class _Window:
    """What happened since the last line of the journal."""

    def __init__(self, run: _Run) -> None:
        self.run = run
        self._reset()

    def _reset(self) -> None:
        counters = self.run.counters
        self.sums = torch.zeros(MAX_HOPS, dtype=torch.float64, device=self.run.accelerator.device)
        self.questions, self.tokens = list(counters.questions), counters.tokens
        self.began, self.waited = time.perf_counter(), self.run.stream.wait_seconds

    def add(self, sums: Tensor) -> None:
        """Add the losses of one step, without reading them."""
        self.sums += sums

    def close(self, journal: Journal) -> None:
        """Write one line of the journal and start anew.

        Raises:
            InputError: where the loss is not finite.
        """
        run, counters = self.run, self.run.counters
        sums = self.sums
        if run.accelerator.num_processes > 1:
            sums = run.accelerator.reduce(sums, "sum")
        asked = [now - old for now, old in zip(counters.questions, self.questions, strict=True)]
        losses = {
            hops: total / count
            for hops, (total, count) in enumerate(zip(sums.tolist(), asked, strict=True), 1)
            if count
        }
        if not all(math.isfinite(loss) for loss in losses.values()):
            raise InputError(
                f"the loss is not finite at step {counters.step}: lower optimizer.learning_rate"
                f" (now {run.config.optimizer.learning_rate}) or optimizer.muon_learning_rate;"
                f" checkpoints in {run.config.out} are from before"
            )
        seconds = max(time.perf_counter() - self.began, 1e-9)
        bits = bits_so_far(run.entropy, losses[min(losses)])
        progress = progress_of(run.config, counters, run.num_facts)
        metrics = {
            "step": counters.step,
            "seconds": round(counters.seconds, 3),
            "questions": sum(counters.questions),
            "tokens": counters.tokens,
            "exposures": counters.fact_uses / run.num_facts,
            "loss_nats": {str(hops): loss for hops, loss in losses.items()},
            "bits_so_far": bits,
            "bits_per_parameter": bits / run.model.num_parameters(),
            "learning_rate_share": rate_share(
                run.config.optimizer, step=counters.step, progress=progress
            ),
            "tokens_per_second": (counters.tokens - self.tokens) / seconds,
            "wait_share": (run.stream.wait_seconds - self.waited) / seconds,
        }
        journal.write(metrics, progress=progress)
        self._reset()
