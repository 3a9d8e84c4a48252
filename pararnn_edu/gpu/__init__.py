"""What the compiler makes of a program: loops, launches, and compiling for a GPU without one."""

from .aot import TARGETS as TARGETS
from .aot import MissingPlugin as MissingPlugin
from .aot import compile_for as compile_for
from .count import Launches as Launches
from .count import Loop as Loop
from .count import launches as launches
from .count import loops as loops
from .hlo import computations as computations
from .stored import stored_launches as stored_launches
