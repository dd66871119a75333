// Recording of ops as nodes of the graph.
//
// Note [Views in the graph]
// A view remembers the tensor whose memory it shows (its base) and the storage's version when its place in the
// graph was last known. Writing into a view in place changes the base: the base's node becomes a WriteView, whose
// gradient splits into what the view covers and the rest. Every other view of that base is then out of date; it
// notices by the version and takes a new node, a strided gather from the base, when next asked for its place.
#pragma once

#include "autograd/node.h"

namespace bestiary {

// Connects core's hooks to the graph. Called once, when the extension is loaded.
void install_graph();

// Brings a view's place in the graph up to date after writes to its base.
void refresh_view(const Tensor& t);

// The same for all arguments of an op, so that their nodes are older than the op's.
void refresh_views(Args args);

// Another handle on the same memory that the graph does not know.
Tensor detach(const Tensor& t);

}  // namespace bestiary
