// Package config reads Gatepost's configuration: defaults, under a YAML file,
// under the environment, under flags.
//
// It owns the table of settings ([Keys]), from which the flags, the reference in
// docs/configuration.md and the output of "gatepost config" are made. It promises
// that whatever is wrong is found at once and told in one go, by the key's name,
// and that no message and no printed configuration holds a secret.
package config

//go:generate go test -run TestReference . -update
