package gateway

import "gatepost/webhooks"

// Outbox keeps events that wait for a later try, and dead letters. A
// *webhooks.Dispatcher is one.
type Outbox interface {
	// AdoptEvent keeps another node's event; nil: there is nothing to deliver.
	AdoptEvent(key string, value []byte) (*webhooks.KeptEvent, webhooks.Commit, error)
	// AdoptLetter keeps another node's dead letter.
	AdoptLetter(key string, value []byte) (webhooks.Commit, error)
	// Forget takes a kept event off the record that nobody has begun to deliver.
	Forget(k *webhooks.KeptEvent)
}
