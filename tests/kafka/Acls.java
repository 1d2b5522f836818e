import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/** Allows users to do things: ADDRESS, then USER OPERATION RESOURCE NAME for each, with Kafka's own words. */
class Acls {
    public static void main(String[] args) throws Exception {
        List<AclBinding> bindings = new ArrayList<>();
        for (int at = 1; at + 3 < args.length; at += 4) {
            ResourceType type = ResourceType.fromString(args[at + 2]);
            ResourcePattern pattern = new ResourcePattern(type, args[at + 3], PatternType.LITERAL);
            AclOperation operation = AclOperation.fromString(args[at + 1]);
            bindings.add(new AclBinding(pattern, new AccessControlEntry(
                "User:" + args[at], "*", operation, AclPermissionType.ALLOW)));
        }
        try (Admin admin = Admin.create(Map.<String, Object>of("bootstrap.servers", args[0]))) {
            admin.createAcls(bindings).all().get(30, TimeUnit.SECONDS);
        }
    }
}
