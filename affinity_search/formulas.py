"""One formula, three carriers: a function written in NumPy takes numbers, arrays and terms of SQL, and is the same."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Term", "create_macros", "macro"]

SQL = {
    np.add: "({} + {})",
    np.multiply: "({} * {})",
    np.divide: "({} / {})",
    np.power: "pow({}, {})",
    np.negative: "(-{})",
    np.log: "ln({})",
    np.exp2: "pow(2.0, {})",
    np.floor: "floor({})",
    np.minimum: "least({}, {})",
    np.maximum: "greatest({}, {})",
    np.greater_equal: "({} >= {})",
}


class Term(NDArrayOperatorsMixin):
    """A term of SQL. NumPy's functions and operators, used on it, give the term that computes the same."""

    def __init__(self, sql: str) -> None:
        self.sql = sql

    def __array_ufunc__(self, function: np.ufunc, method: str, *operands: Any, **options: Any) -> Term:
        """The term for this function of these operands; raises KeyError for one without a form in SQL."""
        return Term(SQL[function].format(*(one.sql if isinstance(one, Term) else repr(one) for one in operands)))


def macro(formula: Callable[..., Any]) -> str:
    """The statement that makes the function a macro of the same name and parameters, for one connection only."""
    names = list(inspect.signature(formula).parameters)
    return f"CREATE OR REPLACE TEMP MACRO {formula.__name__}({', '.join(names)}) AS {formula(*map(Term, names)).sql}"


def create_macros(connection: DuckDBPyConnection, *formulas: Callable[..., Any]) -> None:
    """Makes each of the functions a macro."""
    for formula in formulas:
        connection.execute(macro(formula))
