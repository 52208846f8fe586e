"""Whether the order in which choices stand decides what is chosen."""

from analysis.position import PositionBias as PositionBias
from analysis.position import position_bias as position_bias
