package sluice.load.kafka;

import java.util.List;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.StringSerializer;
import sluice.load.Keys;
import sluice.load.Options;
import sluice.load.Rate;

/** Fills a topic by a schedule until it is ended: {@code --brokers B --topic T --partitions 12 --rate-file F}. */
public final class Produce {
    private Produce() {}

    public static void main(String[] args) throws Exception {
        Options o = Options.parse(args);
        String topic = o.text("topic", "");
        int partitions = o.number("partitions", 12);
        Properties p = new Properties();
        p.put("bootstrap.servers", o.text("brokers", ""));
        p.put("acks", "1");
        p.put("linger.ms", "20");
        p.put("key.serializer", StringSerializer.class.getName());
        p.put("value.serializer", StringSerializer.class.getName());
        create(p, topic, partitions);
        Rate rate = Rate.of(o, "");
        Keys keys = new Keys(o);
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(p)) {
            System.out.println("producing");
            for (long sent = 0; ; Thread.sleep(5)) {
                for (double due = rate.due(System.currentTimeMillis()); sent + 1 <= due; sent++) {
                    producer.send(new ProducerRecord<>(topic, (int) (sent % partitions), null, Long.toString(keys.key(sent))));
                }
            }
        }
    }

    private static void create(Properties p, String topic, int partitions) throws Exception {
        try (Admin admin = Admin.create(p)) {
            admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all().get();
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof TopicExistsException)) throw e;
        }
    }
}
