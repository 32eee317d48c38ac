// Package tuning works out how much memory a TaskManager needs after a rescale
// and whether what the job then takes stays within its quotas.
//
// [Tune] gives a TaskManager what it was seen to use and some head room, within
// the memory of its present configuration (spec section 6.15). It starts from
// the memory model that Flink derives from the same configuration: [Spec.Derive].
// [Quota.Check] and [Rescale.CapacityRequest] are the resource checks of section
// 6.14; they belong here since they judge the tuned size.
//
// Like package scaling, which it builds on and which knows nothing of it, the
// package is pure: values in, values out. It parses no configuration and applies
// no change.
//
// All sizes are in bytes.
package tuning
