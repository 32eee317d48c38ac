package org.apache.flink.runtime.scheduler.adaptivebatch;

import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.nio.file.Path;
import java.security.ProtectionDomain;
import org.apache.flink.shaded.asm9.org.objectweb.asm.ClassReader;
import org.apache.flink.shaded.asm9.org.objectweb.asm.ClassVisitor;
import org.apache.flink.shaded.asm9.org.objectweb.asm.ClassWriter;
import org.apache.flink.shaded.asm9.org.objectweb.asm.MethodVisitor;
import org.apache.flink.shaded.asm9.org.objectweb.asm.Opcodes;

/** Lets a JobManager tell {@link Watch} what its batch scheduler learns and decides. It changes nothing of it. */
public final class Agent {
    private static final String PACKAGE = "org/apache/flink/runtime/scheduler/adaptivebatch/";
    private static final String LIST = "Ljava/util/List;", MAP = "Ljava/util/Map;";
    private static final String ANSWER = "Lorg/apache/flink/runtime/executiongraph/ParallelismAndInputInfos;";
    private static final String VERTEX = "Lorg/apache/flink/runtime/executiongraph/ExecutionJobVertex;";

    private Agent() {}

    /** The argument is the file to write to. */
    public static void premain(String argument, Instrumentation instrumentation) {
        Watch.file = Path.of(argument);
        instrumentation.addTransformer(new ClassFileTransformer() {
            @Override
            public byte[] transform(ClassLoader loader, String name, Class<?> redefined, ProtectionDomain domain, byte[] code) {
                if (name == null || !name.equals(PACKAGE + "DefaultVertexParallelismAndInputInfosDecider") && !name.equals(PACKAGE + "AdaptiveBatchScheduler")) return null;
                ClassReader reader = new ClassReader(code);
                ClassWriter writer = new ClassWriter(reader, ClassWriter.COMPUTE_MAXS);
                reader.accept(new Methods(writer), 0);
                return writer.toByteArray();
            }
        });
    }

    private static final class Methods extends ClassVisitor {
        Methods(ClassVisitor next) {
            super(Opcodes.ASM9, next);
        }

        @Override
        public MethodVisitor visitMethod(int access, String name, String descriptor, String signature, String[] thrown) {
            MethodVisitor next = super.visitMethod(access, name, descriptor, signature, thrown);
            switch (name) {
                case "decideParallelismAndInputInfosForVertex":
                    return new End(next, Opcodes.ARETURN, "decided", "(" + ANSWER + "Ljava/lang/Object;" + LIST + "III)V") {
                        @Override
                        void arguments() {
                            visitInsn(Opcodes.DUP);
                            visitVarInsn(Opcodes.ALOAD, 1);
                            visitVarInsn(Opcodes.ALOAD, 2);
                            for (int i = 3; i <= 5; i++) visitVarInsn(Opcodes.ILOAD, i);
                        }
                    };
                case "initializeJobVertex":
                    return new End(next, Opcodes.RETURN, "initialized", "(" + VERTEX + MAP + ")V") {
                        @Override
                        void arguments() {
                            visitVarInsn(Opcodes.ALOAD, 1);
                            visitVarInsn(Opcodes.ALOAD, 3);
                        }
                    };
                case "updateResultPartitionBytesMetrics":
                    return new End(next, Opcodes.RETURN, "produced", "(" + MAP + ")V") {
                        @Override
                        void arguments() {
                            visitVarInsn(Opcodes.ALOAD, 1);
                        }
                    };
                default:
                    return next;
            }
        }
    }

    /** Calls a method of Watch before a method returns. */
    private abstract static class End extends MethodVisitor {
        private final int returns;
        private final String method, descriptor;

        End(MethodVisitor next, int returns, String method, String descriptor) {
            super(Opcodes.ASM9, next);
            this.returns = returns;
            this.method = method;
            this.descriptor = descriptor;
        }

        abstract void arguments();

        @Override
        public void visitInsn(int opcode) {
            if (opcode == returns) {
                arguments();
                super.visitMethodInsn(Opcodes.INVOKESTATIC, PACKAGE + "Watch", method, descriptor, false);
            }
            super.visitInsn(opcode);
        }
    }
}
