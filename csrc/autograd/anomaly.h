// Anomaly mode: nodes remember the line of Python that made them, and gradients are searched for nan.
#pragma once

namespace bestiary {

// Switches the mode of this thread; returns what it was.
bool set_anomaly_mode(bool on);

}  // namespace bestiary
