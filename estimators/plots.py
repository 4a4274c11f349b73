"""Figures from result files; the only file that imports matplotlib."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from estimators.capacity import Capacity

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"  # Okabe and Ito: safe for the colour-blind
REFERENCE_BITS_PER_PARAMETER = 2.0
STYLE = {"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}


def plot_capacity(rows: list[Capacity], folder: Path) -> list[Path]:
    """Draw bits learned against parameters; return the PNG and PDF written.

    With it the 2 bits/parameter line and the bits that were there.
    """
    rows = sorted(rows, key=lambda row: row.parameters)
    x = np.array([row.parameters for row in rows], float)
    learned = np.array([row.bits_learned for row in rows])
    interval = np.array([(row.bits_learned_low, row.bits_learned_high) for row in rows]).T
    there = np.array([row.bits_there for row in rows])
    span = np.array([x.min() / 1.6, x.max() * 1.6])
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 4.8), layout="constrained")
        axes = figure.add_subplot()
        axes.plot(
            span, REFERENCE_BITS_PER_PARAMETER * span, "--", color="0.45", label="2 bits/parameter"
        )
        axes.plot(span, span, ":", color="0.45", label="1 bit/parameter")
        axes.plot(x, there, "_", color=ORANGE, markersize=18, markeredgewidth=2,
                  label="bits that were there")  # fmt: skip
        error = np.abs(interval - learned)
        axes.errorbar(x, learned, yerr=error, fmt="o", color=BLUE, capsize=4,
                      label="bits learned, 95 % interval")  # fmt: skip
        for row, bits in zip(rows, learned, strict=True):
            axes.annotate(
                f"{row.bits_per_parameter:.2f}", (row.parameters, bits),
                textcoords="offset points", xytext=(8, -4), color=BLUE,
            )  # fmt: skip
        axes.set_xscale("log")
        if (learned > 0).all():
            axes.set_yscale("log")
        axes.set_xlim(*span)
        axes.set_xlabel("parameters (embeddings included)")
        axes.set_ylabel("bits")
        schemes = sorted({f"{row.scheme} scheme, {row.selection} name set" for row in rows})
        axes.set_title(f"Bits of facts against model size\n{'; '.join(schemes)}", fontsize=10)
        axes.legend(frameon=False)
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / "capacity.png", folder / "capacity.pdf"]
        for path in paths:
            figure.savefig(path, dpi=160)
    return paths
