// The object that headers compiled ahead belong to (GannetTargets.cmake).
