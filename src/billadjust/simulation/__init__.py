"""What a planned price change would have cost, on the usage and the bills that there are."""

from billadjust.simulation.compare import Simulation, simulate
from billadjust.simulation.plot import plot

__all__ = ["Simulation", "plot", "simulate"]
