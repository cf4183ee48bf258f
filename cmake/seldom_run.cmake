# What runs once in a process's life, as reading a command line, or waits for other processes: optimising it would
# change no figure, and was up to a third of what a build took. Of a release -O1: hardening needs an optimised build.
set(farebench_seldom_run $<IF:$<CONFIG:Release>,-O1,-O0>)
