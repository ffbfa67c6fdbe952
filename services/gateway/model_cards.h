// The registry's versions for people: scores beside baselines, drift aside.
#pragma once

#include <string>

#include "libs/base/files.h"

namespace gannet::gateway {

// A JSON array, newest version of each name first; what cannot be read says why in
// "error". Reads files: not for the thread of decisions.
std::string ModelCardsJson(base::Files& files, const std::string& registry);

}  // namespace gannet::gateway
