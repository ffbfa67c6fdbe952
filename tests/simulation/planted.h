// Which planted bug is awake in this process (plants.py). Only gannet-plants has any.
#pragma once

namespace gannet::simulation {

bool Planted(int number);
// 0: none.
void Plant(int number);

}  // namespace gannet::simulation
