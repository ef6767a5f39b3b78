"""Plotly's JavaScript, from its package."""


def plotly_js() -> str:
    """The whole library, to be put into a page once."""
    from plotly.offline import get_plotlyjs  # noqa: PLC0415 - the commands start without it

    source: str = get_plotlyjs()
    return source.replace("</script", "<\\/script")
