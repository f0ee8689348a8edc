"""Percentiles and slopes. Pure functions of lists of numbers."""


def percentile(values, q):
    """q in 0 ... 100; linear between the two nearest ranks. None for no values."""
    if not values:
        return None
    ordered = sorted(values)
    rank = (len(ordered) - 1) * q / 100
    low = int(rank)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)


def median(values):
    return percentile(values, 50)


def slope(points):
    """Least squares through (x, y): y per unit of x. None for fewer than two different x."""
    n = len(points)
    if n < 2:
        return None
    mean_x = sum(x for x, _ in points) / n
    mean_y = sum(y for _, y in points) / n
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    if spread == 0:
        return None
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread


def ratio(a, b):
    """a / b, or None where that means nothing."""
    return a / b if a is not None and b else None
