import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * A record that can be told from every other: a verb for the guest, the run, its input partition, its number there, a
 * random payload, and a SHA-256 over all of that and the key.
 */
record Numbered(char verb, long run, int partition, long sequence, byte[] key, byte[] value) {
    private static final int HEAD = 1 + 8 + 4 + 8 + 4;
    private static final int HASH = 32;

    /** The record of this place; the same seed always gives the same one. */
    static Numbered of(long seed, char verb, long run, int partition, long sequence) {
        SplittableRandom random = new SplittableRandom(seed * 31 + partition + sequence * 0x9e3779b97f4a7c15L);
        byte[] payload = new byte[random.nextInt(40, 240)];
        random.nextBytes(payload);
        byte[] key = Long.toString(random.nextInt(1000)).getBytes();
        ByteBuffer value = ByteBuffer.allocate(HEAD + payload.length + HASH);
        value.put((byte) verb).putLong(run).putInt(partition).putLong(sequence).putInt(payload.length).put(payload);
        value.put(hash(key, value.array(), HEAD + payload.length));
        return new Numbered(verb, run, partition, sequence, key, value.array());
    }

    /** Reads a record; null where a bit of it or of its key is not what it was. */
    static Numbered read(byte[] key, byte[] value) {
        if (key == null || value == null || value.length < HEAD + HASH) {
            return null;
        }
        try {
            ByteBuffer in = ByteBuffer.wrap(value);
            char verb = (char) in.get();
            Numbered read = new Numbered(verb, in.getLong(), in.getInt(), in.getLong(), key, value);
            int length = in.getInt();
            int end = value.length - HASH;
            boolean right = length == end - HEAD
                && Arrays.equals(hash(key, value, end), Arrays.copyOfRange(value, end, value.length));
            return right ? read : null;
        } catch (BufferUnderflowException e) {
            return null;
        }
    }

    private static byte[] hash(byte[] key, byte[] value, int length) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(key);
            digest.update((byte) 0);
            digest.update(value, 0, length);
            return digest.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
