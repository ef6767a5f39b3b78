"""BDSG after Dionelis et al. (2020): a density by a flow, and a generator on its boundary."""
