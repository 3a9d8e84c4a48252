"""What the compiler makes of a program: loops, launches, and compiling for a GPU without one."""

from .hlo import computations as computations
from .count import Launches as Launches
from .count import Loop as Loop
from .count import launches as launches
from .count import loops as loops
from .aot import TARGETS as TARGETS
from .aot import MissingPlugin as MissingPlugin
from .aot import compile_for as compile_for
from .stored import stored_launches as stored_launches
