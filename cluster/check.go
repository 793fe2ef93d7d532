package cluster

import "context"

// Check says why this node couldn't listen for the others, in the words of Open. It leaves nothing behind; nobody is
// dialled. With URLs there is nothing to check.
func Check(ctx context.Context, o Options) error {
	if err := o.complete(); err != nil {
		return err
	}
	keys, err := routeKeys(o.Secrets)
	if err != nil || o.Listen == "" {
		return err
	}
	engine, err := startEngine(ctx, &o, keys, o.Logger)
	if err != nil {
		return err
	}
	engine.stop()
	return nil
}
