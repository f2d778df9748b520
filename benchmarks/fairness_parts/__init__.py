"""Parts of the fairness benchmark: the real bot and worker, and a simulation on their order."""
