// Package auth decides who may come in and what they may do: client and API
// tokens (JWT), the scopes of API tokens, and webhook signatures (Standard
// Webhooks 1.0).
//
// It owns every secret and key once the configuration has been read, and
// promises that none of them, and no token, is in an error, a log line or the
// printed form of its types; that each algorithm is verified with keys of its own
// kind only; and that every comparison of a secret takes the same time whatever
// is compared.
package auth
