// A subscriber in Go: a durable consumer, explicit acknowledgement, and an effect that may be asked for twice.
//
//	NATS_URL=nats://localhost:4222 NATS_NKEY=crm.nk go run . crm
//
// What it keeps of a user says up to which ce-sequence it is true, so an event that comes again, or late, changes nothing.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	stream      = "USER_EVENTS"
	maxAttempts = 5
)

// emailVerified is the data of user.email_verified.v1. Unknown fields are ignored, as they must be.
type emailVerified struct {
	UserID string `json:"userId"`
	Email  string `json:"email"`
}

// errPermanent marks what no further attempt can cure.
var errPermanent = errors.New("sending it again can't help")

func main() {
	durable := "crm"
	if len(os.Args) > 1 {
		durable = os.Args[1]
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	options := []nats.Option{nats.Name(durable), nats.CustomInboxPrefix(inboxPrefix(durable)),
		nats.MaxReconnects(-1), nats.RetryOnFailedConnect(true)}
	if file := os.Getenv("NATS_NKEY"); file != "" { // The file with the seed of its key.
		nkey, err := nats.NkeyOptionFromSeed(file)
		check(err)
		options = append(options, nkey)
	}
	nc, err := nats.Connect(os.Getenv("NATS_URL"), options...)
	check(err)
	js, err := jetstream.New(nc)
	check(err)
	// It was declared with the stack (infra/nats/consumers): we only ask for it, and keep asking while the server is away.
	consumer, err := js.Consumer(ctx, stream, durable)
	for ; err != nil && ctx.Err() == nil; consumer, err = js.Consumer(ctx, stream, durable) {
		log.Printf("waiting for %s: %v", durable, err)
		time.Sleep(time.Second)
	}
	if ctx.Err() != nil {
		return
	}
	customers, err := openStore(os.Getenv("STORE"))
	check(err)

	consuming, err := consumer.Consume(func(msg jetstream.Msg) {
		settle(ctx, js, durable, msg, handle(customers, msg))
	}, jetstream.PullMaxMessages(16)) // Twice what is worked on at once is plenty: what lies here can't go elsewhere.
	check(err)
	log.Printf("subscribed to %s as %s", stream, durable)

	<-ctx.Done()
	consuming.Drain() // No more pulls; what has come is handled.
	<-consuming.Closed()
	check(nc.Drain())
}

// inboxPrefix is the one that the user's permissions name.
func inboxPrefix(durable string) string {
	if prefix := os.Getenv("NATS_INBOX_PREFIX"); prefix != "" {
		return prefix
	}
	return "_INBOX_" + durable
}

// handle makes the effect. It returns nil also for what it knows already, and for types that it has nothing to do with.
func handle(customers *store, msg jetstream.Msg) error {
	header := msg.Headers()
	if header.Get("ce-type") != "user.email_verified.v1" {
		return nil
	}
	var data emailVerified
	if err := json.Unmarshal(msg.Data(), &data); err != nil || data.UserID == "" {
		return fmt.Errorf("%w: no user.email_verified.v1: %v", errPermanent, err)
	}
	sequence, err := strconv.ParseUint(header.Get("ce-sequence"), 10, 64)
	if err != nil {
		return fmt.Errorf("%w: ce-sequence: %v", errPermanent, err)
	}
	isNew, err := customers.put(data.UserID, customer{Email: data.Email, Sequence: sequence})
	if err != nil {
		return err
	}
	log.Printf("handled %s new=%t", header.Get("ce-id"), isNew)
	return nil
}

// settle tells the server what becomes of the message: done, again later, or a dead letter.
func settle(ctx context.Context, js jetstream.JetStream, durable string, msg jetstream.Msg, failure error) {
	meta, err := msg.Metadata()
	if err != nil {
		return // Not from JetStream.
	}
	switch {
	case failure == nil:
		err = msg.DoubleAck(context.WithoutCancel(ctx)) // Confirmed: an acknowledgement that is lost brings the message again.
	case errors.Is(failure, errPermanent) || meta.NumDelivered >= maxAttempts:
		if err = bury(ctx, js, durable, msg, meta, failure); err == nil {
			err = msg.TermWithReason(failure.Error())
		}
	default:
		log.Printf("again later: %v", failure)
		err = msg.NakWithDelay(time.Duration(1<<meta.NumDelivered) * time.Second)
	}
	if err != nil {
		log.Printf("not settled, the server will deliver it again: %v", err)
	}
}

// bury puts the message where operators find it: npm run ops -- dead-letters list --durable crm.
func bury(ctx context.Context, js jetstream.JetStream, durable string, msg jetstream.Msg, meta *jetstream.MsgMetadata, why error) error {
	original := strings.TrimPrefix(msg.Subject(), "user.retry."+durable+".") // A replay came by another way.
	letter := nats.NewMsg("dead." + durable + "." + original)
	letter.Data = msg.Data()
	for name, values := range msg.Headers() {
		if !strings.HasPrefix(name, "Nats-") && !strings.HasPrefix(name, "Postrider-Dead-") {
			letter.Header[name] = values
		}
	}
	letter.Header.Set("Postrider-Dead-Reason", strings.Join(strings.Fields(why.Error()), " "))
	letter.Header.Set("Postrider-Dead-Stream", meta.Stream)
	letter.Header.Set("Postrider-Dead-Consumer", durable)
	letter.Header.Set("Postrider-Dead-Sequence", strconv.FormatUint(meta.Sequence.Stream, 10))
	letter.Header.Set("Postrider-Dead-Deliveries", strconv.FormatUint(meta.NumDelivered, 10))
	letter.Header.Set("Postrider-Dead-Subject", original)
	id := fmt.Sprintf("dlq:%s:%s:%d", meta.Stream, durable, meta.Sequence.Stream)
	_, err := js.PublishMsg(context.WithoutCancel(ctx), letter, jetstream.WithMsgID(id)) // Buried twice, it is stored once.
	return err
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
