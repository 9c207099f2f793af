import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Produces the lines of standard input, or prints what it consumes, and follows its certificate.
 *
 * A Kafka client reads its stores once, when it is made. So this one watches them and, when they have changed, makes a
 * new client, tries it, and only then lets go of the old one: no record is lost, none is sent or printed twice, and a
 * certificate that the broker refuses changes nothing.
 *
 *   java -cp '.:libs/*' RotatingClient produce orders-writer.properties orders
 *   java -cp '.:libs/*' RotatingClient consume orders-reader.properties orders billing
 */
public final class RotatingClient {
  public static void main(String[] args) throws Exception {
    Stores stores = new Stores(Path.of(args[1]));
    try {
      if (args[0].equals("produce")) produce(stores, args[2]);
      else consume(stores, args[2], args[3]);
    } catch (KafkaException refused) {
      fail(refused);
    }
  }

  private static void produce(Stores stores, String topic) throws IOException {
    KafkaProducer<String, String> producer = newProducer(stores, topic);
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (stores.changed()) producer = replaced(producer, stores, topic);
      String text = line;
      producer.send(new ProducerRecord<>(topic, text), (kept, failure) -> {
        if (failure == null) System.out.println("sent " + text);
        else fail(failure);
      });
    }
    producer.close();
  }

  /** Closing waits for everything that was sent through the old one, so the order stays as it was. */
  private static KafkaProducer<String, String> replaced(KafkaProducer<String, String> old, Stores stores, String topic) {
    try {
      KafkaProducer<String, String> made = newProducer(stores, topic);
      old.close();
      System.out.println("renewed the producer");
      return made;
    } catch (KafkaException refused) {
      System.err.println("kept the old producer: " + refused);
      return old;
    }
  }

  /** Asking for the topic's partitions takes a handshake and the broker's consent. */
  private static KafkaProducer<String, String> newProducer(Stores stores, String topic) {
    Map<String, Object> sure = Map.of("acks", "all", "max.block.ms", 20_000);
    KafkaProducer<String, String> made =
        new KafkaProducer<>(stores.settings(sure), new StringSerializer(), new StringSerializer());
    try {
      made.partitionsFor(topic);
      return made;
    } catch (KafkaException refused) {
      made.close(Duration.ZERO);
      throw refused;
    }
  }

  private static void consume(Stores stores, String topic, String group) {
    Map<String, Object> byHand = Map.of("group.id", group, "enable.auto.commit", false, "auto.offset.reset", "earliest");
    KafkaConsumer<String, String> consumer = newConsumer(stores, topic, byHand);
    consumer.subscribe(List.of(topic));
    while (true) {
      for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
        System.out.println("got " + record.value());
      }
      // What was printed is committed before anything else, so whoever goes on begins right behind it.
      consumer.commitSync();
      if (stores.changed()) consumer = replaced(consumer, stores, topic, byHand);
    }
  }

  private static KafkaConsumer<String, String> replaced(
      KafkaConsumer<String, String> old, Stores stores, String topic, Map<String, Object> settings) {
    try {
      KafkaConsumer<String, String> made = newConsumer(stores, topic, settings);
      old.close();
      made.subscribe(List.of(topic));
      System.out.println("renewed the consumer");
      return made;
    } catch (KafkaException refused) {
      System.err.println("kept the old consumer: " + refused);
      return old;
    }
  }

  private static KafkaConsumer<String, String> newConsumer(Stores stores, String topic, Map<String, Object> settings) {
    KafkaConsumer<String, String> made =
        new KafkaConsumer<>(stores.settings(settings), new StringDeserializer(), new StringDeserializer());
    try {
      made.partitionsFor(topic, Duration.ofSeconds(20));
      return made;
    } catch (KafkaException refused) {
      made.close();
      throw refused;
    }
  }

  private static void fail(Exception failure) {
    System.err.println("failed: " + failure);
    // From the producer's own thread, too, which must not wait for itself.
    Runtime.getRuntime().halt(1);
  }

  /** The settings of a client, and whether the files that they name are others than a moment ago. */
  private static final class Stores {
    private final Path file;
    private String seen;
    private long lookAgainAt;

    Stores(Path file) throws IOException {
      this.file = file;
      this.seen = state();
    }

    Map<String, Object> settings(Map<String, Object> more) {
      Map<String, Object> all = new java.util.HashMap<>(more);
      load().forEach((name, value) -> all.put((String) name, value));
      return all;
    }

    /** Looks twice a second at most. Links are followed: a set that is switched by its link has changed, too. */
    boolean changed() {
      if (System.nanoTime() < lookAgainAt) return false;
      lookAgainAt = System.nanoTime() + Duration.ofMillis(500).toNanos();
      try {
        String now = state();
        boolean other = !now.equals(seen);
        seen = now;
        return other;
      } catch (IOException inBetween) {
        // Being replaced at this moment; the next look sees it whole.
        return false;
      }
    }

    private String state() throws IOException {
      Properties named = load();
      StringBuilder state = new StringBuilder();
      for (String store : List.of("ssl.keystore.location", "ssl.truststore.location")) {
        Path path = Path.of(named.getProperty(store)).toRealPath();
        state.append(path).append(' ').append(Files.getLastModifiedTime(path)).append('\n');
      }
      return state.toString();
    }

    private Properties load() {
      Properties loaded = new Properties();
      try (Reader reader = Files.newBufferedReader(file)) {
        loaded.load(reader);
      } catch (IOException unreadable) {
        throw new java.io.UncheckedIOException(unreadable);
      }
      return loaded;
    }
  }
}
