// Copies of real servers against the engines' own tools, in one run.
#pragma once

/// For both families: fast clones, idle and busy, against hot copies and bare starts; disk, stalls and
/// memory. Sources of 2 GiB, with BENCH_BIG=1 of 8. Needs root, for a file system that shares blocks; says so
/// and does nothing otherwise.
void clones();
