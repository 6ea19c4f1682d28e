// SPDX-License-Identifier: MIT
#pragma once

// The protocol between a shim and its clients: packets of one JSON object each. Version 1. Members and
// messages are added, never changed or removed, for shims outlive upgrades of rollctl. A reader ignores
// members that it does not know. A request that a shim does not know is answered with an error of kind
// Unsupported.
//
//   request  client → shim  {"v":1,"id":7,"request":"drain","signal":15,"deadline_ms":60000}
//   reply    shim → client  {"v":1,"reply":7,"record":{…}}  or  {"v":1,"reply":7,"error":{…}}
//   event    shim → client  {"v":1,"event":"exited","record":{…},"exit":{"code":0},…}
//
// Descriptors travel beside the packet, in the order in which the text mentions them. Parsing takes any bytes
// and never throws.
#include "process/shim_reply.h"
#include "process/shim_request.h"
